"""Django settings, all from the environment through `env.py`; docs/settings.md lists them."""

from pathlib import Path

from monitor.conf.env import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent

DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "development-only")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]", "testserver"])
BASE_URL = env.str("BASE_URL", "http://localhost:8000")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.admin",
    "django_htmx",
    "monitor",
    "ingestion",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
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
DATABASES = {"default": env.dj_db_url("DATABASE_URL")}
REDIS_URL = env.str("REDIS_URL")
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / ".static"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Judging
SWEEP_SECONDS = env.float("SWEEP_SECONDS", 2.0)
REOPEN_WINDOW_SECONDS = env.int("REOPEN_WINDOW_SECONDS", 7 * 24 * 3600)

# The front door
MAX_BODY_BYTES = env.int("MAX_BODY_BYTES", 32 * 1024 * 1024)
MAX_BATCH_EVENTS = env.int("MAX_BATCH_EVENTS", 10_000)
MAX_EVENTS_PER_MINUTE = env.int("MAX_EVENTS_PER_MINUTE", 6_000_000)

# Alerts
OUTBOUND_ALLOWED_NETWORKS = env.list("OUTBOUND_ALLOWED_NETWORKS", [])
OUTBOUND_TIMEOUT_SECONDS = env.float("OUTBOUND_TIMEOUT_SECONDS", 10.0)
ALERT_GIVE_UP_SECONDS = env.int("ALERT_GIVE_UP_SECONDS", 24 * 3600)
