"""`make demo`: plays recordings of real programs to a running Crosstalk and tells what was found."""
