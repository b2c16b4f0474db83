"""Every message of docs/signalling.md as a class.

The client speaks in imperatives, the server in facts. `tests/data/signalling/` has one example of each; the browser's
mirror is static/conferences/meeting/signalling/messages.js.
"""
