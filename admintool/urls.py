"""Pages of Admintool. Paths are stable (docs/architecture.md §5)."""

from django.urls import include, path

from admintool.views import attendance, bars, entrance, live, overview, passwords, users

app_name = "admintool"

pages = [
    path("", overview.overview, name="overview"),
    path("login/", entrance.login, name="login"),
    path("users/", users.user_list, name="users"),
    path("users/new/", users.create, name="user-create"),
    path("users/<slug:user_id>/", users.edit, name="user-edit"),
    path("users/<slug:user_id>/disable/", users.disable, name="user-disable"),
    path("users/<slug:user_id>/enable/", users.enable, name="user-enable"),
    path("users/<slug:user_id>/password/", passwords.reset, name="user-password"),
    path("live/", live.live, name="live"),
    path("live/now/", live.now, name="live-now"),
    path("live/participants/<slug:participant_id>/remove/", live.remove_one, name="remove-one"),
    path("live/rooms/<slug:room_id>/remove/", live.remove_all, name="remove-all"),
    path("live/bars/<slug:bar_id>/readmit/", bars.lift, name="readmit"),
    path("logs/attendance/", attendance.log, name="attendance"),
    path("logs/attendance/export/", attendance.export, name="attendance-export"),
]

urlpatterns = [path("admintool/<str:admintool_key>/", include(pages))]
