"""Postgres itself: connections, the embedded server, client programs, named SQL, the control database."""
