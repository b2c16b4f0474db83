"""Pages of accounts. Paths are stable (docs/architecture.md §5)."""

from django.urls import path

from accounts.views import confirm, entrance, factors, forgotten, logins, owed

urlpatterns = [
    path("", entrance.organisation, name="organisation"),
    path("language/", entrance.language, name="language"),
    path("t/<slug:tenant_slug>/login/", entrance.login, name="login"),
    path("t/<slug:tenant_slug>/login/passkey/", entrance.passkey, name="login-passkey"),
    path("t/<slug:tenant_slug>/login/code/", owed.code, name="login-code"),
    path("t/<slug:tenant_slug>/login/password/", owed.password, name="login-password"),
    path("t/<slug:tenant_slug>/login/factor/", owed.factor, name="login-factor"),
    path("t/<slug:tenant_slug>/forgotten/", forgotten.forgotten, name="forgotten"),
    path("t/<slug:tenant_slug>/reset/<str:reset_token>/", forgotten.reset, name="reset"),
    path("t/<slug:tenant_slug>/logout/", entrance.logout, name="logout"),
    path("t/<slug:tenant_slug>/password/", entrance.password, name="password"),
    path("t/<slug:tenant_slug>/confirm/", confirm.confirm, name="confirm"),
    path("t/<slug:tenant_slug>/security/", factors.security, name="security"),
    path("t/<slug:tenant_slug>/security/add/", factors.add, name="factor-add"),
    path("t/<slug:tenant_slug>/security/codes/", factors.codes, name="recovery-codes"),
    path("t/<slug:tenant_slug>/security/<slug:factor_id>/remove/", factors.remove, name="factor-remove"),
    path("t/<slug:tenant_slug>/logins/", logins.logins, name="logins"),
    path("t/<slug:tenant_slug>/logins/end-others/", logins.end_others, name="logins-end-others"),
    path("t/<slug:tenant_slug>/logins/<slug:login_id>/end/", logins.end, name="login-end"),
]
