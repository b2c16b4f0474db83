"""Admintool: the tenant administrators' screens. It owns no models and no rules: services of the other apps decide."""
