"""Congestion feedback and policing. No I/O; time is a value in monotonic seconds."""
