"""Views: parse, call one service or QuerySet, render or redirect."""
