"""Forwarding arithmetic: what a packet looks like to each subscriber. No I/O; time is a value in monotonic seconds."""
