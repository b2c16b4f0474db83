"""Pages of Admintool about restrictions."""

from django.urls import path

from admintool.views import restrictions
from admintool.views.restrictions import ACTS

RULE = "restrictions/<slug:rule_id>/"

restriction_pages = [
    path("restrictions/", restrictions.rule_list, name="restrictions"),
    path("restrictions/new/", restrictions.create, name="restriction-create"),
    path("restrictions/who-may/", restrictions.who_may, name="who-may"),
    path(RULE, restrictions.edit, name="restriction-edit"),
    *(path(f"{RULE}{act}/", restrictions.act, {"act": act}, name=f"restriction-{act}") for act in ACTS),
]
