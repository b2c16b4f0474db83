"""Views of Admintool: parse, call one service, show."""
