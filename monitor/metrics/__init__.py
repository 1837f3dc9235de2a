"""What MTTD, MTTA and MTTR mean, in plain Python: no framework, no clock, no database."""
