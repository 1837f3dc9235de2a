"""The servers that the program brings along, and the supervisor that runs them with web, worker and beat.

Nothing here reads Django's settings: tests start servers before settings exist.
"""
