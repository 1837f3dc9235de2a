"""Django settings, all from the environment through `env.py`; docs/settings.md lists them."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from monitor.conf import env
from monitor.conf.logging import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent.parent

# Where it runs
DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", "for development alone, never served" if DEBUG else "")
HOME_DIR = Path(env.text("HOME_DIR", ".crosstalk"))
HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, at_least=1)
BASE_URL = env.site("BASE_URL", f"http://localhost:{PORT}")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", [urlsplit(BASE_URL).hostname or "", "localhost", "127.0.0.1", "[::1]"])
WEB_PROCESSES = env.integer("WEB_PROCESSES", 2, at_least=1)
WEB_THREADS = env.integer("WEB_THREADS", 4, at_least=1)
WORKER_PROCESSES = env.integer("WORKER_PROCESSES", 3, at_least=1)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.admin",
    "csp",
    "django_htmx",
    "ninja",  # its documentation page, served from here instead of from a foreign host
    "monitor",
    "ingestion",
]
MIDDLEWARE = [
    "monitor.middleware.RequestLog",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "monitor.middleware.SecurityHeaders",
]
ROOT_URLCONF = "monitor.conf.urls"
WSGI_APPLICATION = "monitor.conf.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
USE_TZ = True
TIME_ZONE = "UTC"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The database. A web process pools its connections (its threads come and go); a worker keeps its own.
DATABASE_POOL_SIZE = env.integer("DATABASE_POOL_SIZE", 0)
_database = env.database("DATABASE_URL")
_options: dict[str, Any] = {"connect_timeout": 5, **_database.get("OPTIONS", {})}
if DATABASE_POOL_SIZE:
    _options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE, "timeout": 5, "max_idle": 300}
DATABASES = {
    "default": {
        **_database,
        "OPTIONS": _options,
        "CONN_MAX_AGE": 0 if DATABASE_POOL_SIZE else None,
        "CONN_HEALTH_CHECKS": True,
    }
}

# The bell, as redis-py and as Celery spell it
REDIS_URL = env.redis("REDIS_URL")
BROKER_URL = env.broker(REDIS_URL)

# Static files: hashed names, compressed once, served by the web process
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / ".static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Signing in
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BASE_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# Headers
BEHIND_TLS_PROXY = env.flag("BEHIND_TLS_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS_PROXY else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if BASE_URL.startswith("https://") else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# Logs
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = logging_config(
    level=env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")),
    as_json=env.choice("LOG_FORMAT", "json", ("json", "text")) == "json",
)
ACCESS_LOG = env.flag("ACCESS_LOG", True)

# Judging
SWEEP_SECONDS = env.seconds("SWEEP_SECONDS", 2.0)
REOPEN_WINDOW_SECONDS = env.integer("REOPEN_WINDOW_SECONDS", 7 * 24 * 3600)
INDEX_MAX_VALUES = env.integer("INDEX_MAX_VALUES", 2000, at_least=100)
INDEX_DAYS = env.integer("INDEX_DAYS", 90, at_least=1)
RIPPLE_MAX_RUNS = env.integer("RIPPLE_MAX_RUNS", 1000, at_least=1)
CROWD_RUNS = env.integer("CROWD_RUNS", 5000, at_least=10)
CROWD_SECONDS = env.seconds("CROWD_SECONDS", 1.0)

# Context maps: the stored history that one request may look at, and what a learned line must rest on
HISTORY_MAX_RUNS = env.integer("HISTORY_MAX_RUNS", 500, at_least=1)
HISTORY_MAX_EVENTS = env.integer("HISTORY_MAX_EVENTS", 10_000, at_least=1)
HISTORY_MAX_BYTES = env.integer("HISTORY_MAX_BYTES", 16 * 1024 * 1024, at_least=1)
LEARN_MIN_RUNS = env.integer("LEARN_MIN_RUNS", 20, at_least=2)
LEARN_MIN_PERCENT = env.integer("LEARN_MIN_PERCENT", 95, at_least=50)

# The front door
MAX_BODY_BYTES = env.integer("MAX_BODY_BYTES", 32 * 1024 * 1024, at_least=1)
MAX_BATCH_EVENTS = env.integer("MAX_BATCH_EVENTS", 10_000, at_least=1)
MAX_EVENTS_PER_MINUTE = env.integer("MAX_EVENTS_PER_MINUTE", 6_000_000, at_least=1)

# Alerts
OUTBOUND_ALLOWED_NETWORKS = env.words("OUTBOUND_ALLOWED_NETWORKS", [])
OUTBOUND_TIMEOUT_SECONDS = env.seconds("OUTBOUND_TIMEOUT_SECONDS", 10.0)
ALERT_GIVE_UP_SECONDS = env.integer("ALERT_GIVE_UP_SECONDS", 24 * 3600)

# Its own health
SYNTHETIC_LEAK_SECONDS = env.integer("SYNTHETIC_LEAK_SECONDS", 300)
SYNTHETIC_LEAK_DEADLINE_SECONDS = env.integer("SYNTHETIC_LEAK_DEADLINE_SECONDS", 60, at_least=1)
SELF_CHECK_URL = env.site("SELF_CHECK_URL", f"http://{env.reached_at(HOST)}:{PORT}")
SELF_CHECK_PROJECTS = env.words("SELF_CHECK_PROJECTS", [])

# make demo
DEMO_PASSWORD = env.text("DEMO_PASSWORD", "")
DEMO_API_KEY = env.text("DEMO_API_KEY", "")
