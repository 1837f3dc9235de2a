"""What `manage.py check_events` is made of: files in, events in a spool, one judgement, a report out."""
