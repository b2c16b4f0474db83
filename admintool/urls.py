"""Pages of Admintool. Paths are stable (docs/architecture.md §5)."""

from django.urls import include, path

from admintool.log_pages import LOG_VIEWS
from admintool.people_urls import people_pages
from admintool.record_urls import record_pages
from admintool.restriction_urls import restriction_pages
from admintool.rule_urls import rule_pages
from admintool.sso_urls import sso_pages
from admintool.views import (
    bars,
    confirm,
    entrance,
    exits,
    live,
    logs,
    meetings,
    overview,
    passwords,
    people,
    rotate,
    usage,
    users,
)

app_name = "admintool"

pages = [
    path("", overview.overview, name="overview"),
    path("login/", entrance.login, name="login"),
    path("login/code/", entrance.code, name="login-code"),
    path("login/password/", entrance.password, name="login-password"),
    path("login/factor/", entrance.factor, name="login-factor"),
    path("confirm/", confirm.confirm, name="confirm"),
    path("rotate/", rotate.rotate, name="rotate"),
    path("users/", users.user_list, name="users"),
    path("users/new/", users.create, name="user-create"),
    *people_pages,
    path("users/<slug:user_id>/", users.edit, name="user-edit"),
    path("users/<slug:user_id>/disable/", users.disable, name="user-disable"),
    path("users/<slug:user_id>/enable/", users.enable, name="user-enable"),
    path("users/<slug:user_id>/password/", passwords.reset, name="user-password"),
    path("users/<slug:user_id>/factors/", people.factors, name="user-factors"),
    path("users/<slug:user_id>/unlock/", people.unlock, name="user-unlock"),
    path("users/<slug:user_id>/logins/", people.logins, name="user-logins"),
    path("users/<slug:user_id>/logins/<slug:login_id>/end/", people.end_login, name="user-login-end"),
    path("live/", live.live, name="live"),
    path("live/now/", live.now, name="live-now"),
    path("live/participants/<slug:participant_id>/remove/", exits.remove_one, name="remove-one"),
    path("live/participants/<slug:participant_id>/mute/", meetings.mute, name="mute"),
    path("live/rooms/<slug:room_id>/remove/", exits.remove_all, name="remove-all"),
    path("live/remove/", exits.remove_many, name="remove-many"),
    path("live/meetings/<slug:meeting_id>/end/", meetings.end, name="meeting-end"),
    path("live/meetings/<slug:meeting_id>/freeze/", meetings.freeze, name="meeting-freeze"),
    path("live/meetings/<slug:meeting_id>/unfreeze/", meetings.unfreeze, name="meeting-unfreeze"),
    path("bandwidth/", live.bandwidth, name="bandwidth"),
    path("bandwidth/now/", live.bandwidth_now, name="bandwidth-now"),
    path("live/bars/<slug:bar_id>/readmit/", bars.lift, name="readmit"),
    path("usage/", usage.usage, name="usage"),
    path("usage/export/", usage.export, name="usage-export"),
    path("usage/caps/", usage.caps, name="usage-caps"),
    path("logs/", logs.first, name="logs"),
    *(path(f"logs/{view.address}/", logs.page, {"view": view}, name=view.page) for view in LOG_VIEWS),
    *(path(f"logs/{view.address}/export/", logs.export, {"view": view}, name=view.export) for view in LOG_VIEWS),
    *record_pages,
    *rule_pages,
    *restriction_pages,
    *sso_pages,
]

urlpatterns = [path("admintool/<str:admintool_key>/", include(pages))]
