"""The static files are found once for all test clients: each of them builds its own middleware."""

from typing import Any

from servestatic.middleware import ServeStaticMiddleware


def find_static_files_once() -> None:
    """Half of what a new client's first request takes is the walk through every app's folder."""
    find = ServeStaticMiddleware.add_files_from_finders
    found: dict[str, Any] = {}

    def add(middleware: Any) -> None:
        if not found:
            find(middleware)
            found.update(middleware.files)
        middleware.files.update(found)

    ServeStaticMiddleware.add_files_from_finders = add
