"""Settings in three parts: what is read from the environment, what follows from it, what is fixed.

There is no mode flag: the presence of a URL is the switch (docs/adr/0006). `liveon/checks.py` refuses
half a production configuration. Every variable is described in docs/configuration.md.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from liveon import env, logs
from liveon.release import VERSION, front_end

BASE_DIR = Path(__file__).resolve().parent.parent

# 1. What the environment says

DATA_DIR = Path(env.text("LIVEON_DATA_DIR", str(BASE_DIR / "var")))
DATABASE_URL = env.secret("LIVEON_DATABASE_URL")
DATABASE_OWNER_URL = env.secret("LIVEON_DATABASE_OWNER_URL")
DATABASE_SYSTEM_URL = env.secret("LIVEON_DATABASE_SYSTEM_URL")
DATABASE_ROLE = env.choice("LIVEON_DATABASE_ROLE", "app", ("owner", "app", "system"))  # manage.py and `serve` set it
REDIS_URL = env.secret("LIVEON_REDIS_URL")
PUBLIC_URL = env.text("LIVEON_PUBLIC_URL").rstrip("/")
SERVED_URL = env.text("LIVEON_SERVED_URL", "http://localhost:8000")  # set by `serve` for its children
DEBUG = env.boolean("LIVEON_DEBUG", default=False)
LANGUAGE_CODE = env.choice("LIVEON_LANGUAGE", "ja", ("ja", "en"))
TRUSTED_PROXIES = env.networks("LIVEON_TRUSTED_PROXIES")
SSO_PRIVATE_NETWORKS = env.networks("LIVEON_SSO_PRIVATE_NETWORKS")
MEDIA_ADDRESSES = env.addresses("LIVEON_MEDIA_ADDRESS")
MEDIA_LISTEN = env.text("LIVEON_MEDIA_LISTEN", MEDIA_ADDRESSES[0] if len(MEDIA_ADDRESSES) == 1 else "::")
MEDIA_PORT = env.integer("LIVEON_MEDIA_PORT", 40000, low=1024, high=65000)
MEDIA_WORKERS = env.integer("LIVEON_MEDIA_WORKERS", env.cores() if DATABASE_URL else 1, low=1, high=256)
MEDIA_CAPACITY = env.integer("LIVEON_MEDIA_CAPACITY", 30_000, low=100, high=10_000_000)  # packets per second
MEDIA_ANNOUNCE = env.endpoints("LIVEON_MEDIA_ANNOUNCE")
VIDEO_CODECS = env.preferences("LIVEON_VIDEO_CODECS", "vp8", ("vp8", "h264", "vp9", "av1"))
TURN_URLS = env.words("LIVEON_TURN_URLS")
TURN_SECRET = env.secret("LIVEON_TURN_SECRET")
TURN_SECONDS = env.integer("LIVEON_TURN_SECONDS", 7200, low=10, high=86_400)
AUDIT_RETENTION_DAYS = env.integer("LIVEON_AUDIT_RETENTION_DAYS", 365, low=365, high=3660)
AUDIT_KEY_FILE = Path(env.text("LIVEON_AUDIT_KEY_FILE", str(DATA_DIR / "audit_key.pem")))
MAIL_URL = env.secret("LIVEON_MAIL_URL")
DEFAULT_FROM_EMAIL = env.text("LIVEON_MAIL_FROM", "liveon@localhost")
METRICS_TOKEN = env.secret("LIVEON_METRICS_TOKEN")
LOG_LEVEL = env.choice("LIVEON_LOG_LEVEL", "INFO" if PUBLIC_URL else "WARNING", ("DEBUG", "INFO", "WARNING", "ERROR"))
SECRET_KEY = env.secret("LIVEON_SECRET_KEY") or env.generated_secret(DATA_DIR / "secret_key")

# 2. What follows from it

SFU_DIR = Path(env.text("LIVEON_SFU_DIR", str(DATA_DIR / "sfu")))
_databases = {
    "app": env.postgresql("LIVEON_DATABASE_URL", DATABASE_URL)
    if DATABASE_URL
    else env.sqlite(DATA_DIR / "liveon.sqlite3")
}
if DATABASE_OWNER_URL:
    _databases["owner"] = env.postgresql("LIVEON_DATABASE_OWNER_URL", DATABASE_OWNER_URL)
if DATABASE_SYSTEM_URL:
    _databases["system"] = env.postgresql("LIVEON_DATABASE_SYSTEM_URL", DATABASE_SYSTEM_URL)
DATABASES = {"default": _databases.get(DATABASE_ROLE, _databases["app"])}
DATABASE_ROLES = {role: each["USER"] for role, each in _databases.items()} if len(_databases) == 3 else None
BASE_URL = PUBLIC_URL or SERVED_URL
SECURE = BASE_URL.startswith("https://")

_base = urlsplit(BASE_URL)
if _base.scheme not in ("http", "https") or not _base.hostname or _base.path:
    raise ImproperlyConfigured("LIVEON_PUBLIC_URL: expected https://host or https://host:port")
ALLOWED_HOSTS = [f"[{_base.hostname}]" if ":" in _base.hostname else _base.hostname]
if not PUBLIC_URL:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
_port = f":{_base.port}" if _base.port else ""
ALLOWED_ORIGINS = [f"{_base.scheme}://{host}{_port}" for host in ALLOWED_HOSTS]
CSRF_TRUSTED_ORIGINS = [BASE_URL]

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = SECURE
SECURE_HSTS_SECONDS = 31_536_000 if PUBLIC_URL and SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None

if MAIL_URL:
    vars().update(env.mail(MAIL_URL))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_TIMEOUT = 10

CACHES: dict[str, dict[str, Any]]
if REDIS_URL:
    CHANNEL_LAYERS = {
        "default": {
            # the other one, a queue, blocks for 5 s when it is stopped; what is lost here is nobody's loss
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": "liveon"},
        }
    }
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "liveon",
        }
    }
    CELERY_BROKER_URL = REDIS_URL
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},  # Django's 300 would let a stranger push out other people's throttles
        }
    }
    CELERY_BROKER_URL = "filesystem://"
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(DATA_DIR / "celery" / "queue"),
        "data_folder_out": str(DATA_DIR / "celery" / "queue"),
        "control_folder": str(DATA_DIR / "celery" / "control"),
    }

# 3. What is fixed

INSTALLED_APPS = [
    "daphne",
    # before the libraries: our translations and templates come first
    "tenants",
    "audit",
    "accounts",
    "conferences",
    "admintool",
    "liveon",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.restricting.RestrictionMiddleware",
    "accounts.middleware.LoginLimitsMiddleware",
    "tenants.middleware.TenantMiddleware",
]

ROOT_URLCONF = "liveon.urls"
ASGI_APPLICATION = "liveon.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "liveon" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.TenantBackend"]
PASSWORD_HASHERS = ["accounts.hashers.BoundedArgon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [  # length, kinds of letters and former ones: accounts/services/passwords.py, per tenant
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login_id", "name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600  # s
LOGIN_URL = "/"

# allauth stands behind our own pages: its URLs are not mounted and sign-up is closed (docs/adr/0010)
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = "username"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = False  # accounts/throttle.py slows per (tenant, login id, IP) instead
MFA_ADAPTER = "accounts.mfa.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]

SESSION_COOKIE_NAME = "liveon_login"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_NAME = "liveon_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "media-src": [SELF, "blob:"],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGES = [("ja", _("Japanese")), ("en", _("English"))]
LANGUAGE_COOKIE_NAME = "liveon_language"
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "liveon" / "locale"]
FORMAT_MODULE_PATH = ["liveon.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Tokyo"

LOGGING = logs.logging_config(LOG_LEVEL)
logs.configure_structlog()

RELEASE = VERSION
FRONT_END = front_end(BASE_DIR)
STATIC_URL = f"/static/{FRONT_END}/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "liveon" / "static"]
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = DEBUG
SERVESTATIC_MAX_AGE = 0 if DEBUG else 31_536_000  # s; the address changes with the files

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celery" / "beat-schedule")
