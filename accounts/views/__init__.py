"""Pages of accounts: parse, call one service, show."""
