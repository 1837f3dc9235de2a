"""What of an event is hashed or dropped before it is stored, logged or queued. Pure: no database, no clock."""
