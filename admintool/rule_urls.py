"""Pages of Admintool about rules: security settings, meeting classes, approvals."""

from django.urls import path

from admintool.views import approvals, classes, security

rule_pages = [
    path("security/", security.security, name="security"),
    path("classes/", classes.class_list, name="classes"),
    path("classes/new/", classes.create, name="class-create"),
    path("classes/<slug:class_id>/", classes.edit, name="class-edit"),
    path("classes/<slug:class_id>/move/", classes.move, name="class-move"),
    path("classes/<slug:class_id>/retire/", classes.retire, name="class-retire"),
    path("classes/<slug:class_id>/revive/", classes.revive, name="class-revive"),
    path("approvals/", approvals.approval_list, name="approvals"),
    path("approvals/<slug:approval_id>/", approvals.approval, name="approval"),
    path("approvals/<slug:approval_id>/decide/", approvals.decide, name="approval-decide"),
]
