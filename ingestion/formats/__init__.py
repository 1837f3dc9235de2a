"""From bytes to checked context events; nothing here knows HTTP or the database."""
