"""The network test before a meeting: who may test, is there room for a test, a call with oneself on a worker.

    page  ──►  WebSocket /ws/network-test/?as=user|guest  ──►  Call: a router of its own, two peers of the same browser

Nothing of it is in the database: no meeting, no participant, no row of attendance or bandwidth.
"""
