"""The forms of the answer, one file each; registry.py lists them."""
