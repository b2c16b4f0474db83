"""Pages of Admintool about many users: import, export, groups."""

from django.urls import path

from admintool.views import groups, imports, users

people_pages = [
    path("users/export/", users.export, name="users-export"),
    path("users/import/", imports.upload, name="imports"),
    path("users/import/template/", imports.template, name="import-template"),
    path("users/import/<slug:import_id>/", imports.show, name="import"),
    path("users/import/<slug:import_id>/progress/", imports.progress, name="import-progress"),
    path("users/import/<slug:import_id>/start/", imports.start, name="import-start"),
    path("users/import/<slug:import_id>/continue/", imports.go_on, name="import-continue"),
    path("users/import/<slug:import_id>/cancel/", imports.cancel, name="import-cancel"),
    path("users/import/<slug:import_id>/report/", imports.report, name="import-report"),
    path("groups/", groups.group_list, name="groups"),
    path("groups/<slug:group_id>/", groups.group, name="group"),
    path("groups/<slug:group_id>/add/", groups.add, name="group-add"),
    path("groups/<slug:group_id>/delete/", groups.delete, name="group-delete"),
    path("groups/<slug:group_id>/members/<slug:user_id>/remove/", groups.remove, name="group-remove"),
]
