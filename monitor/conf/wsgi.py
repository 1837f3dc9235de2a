"""The WSGI application that granian serves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.conf.settings")
os.environ.setdefault("DATABASE_POOL_SIZE", "16")  # before the settings are read: only a web process pools

from django.core.wsgi import get_wsgi_application

from monitor.conf.logging import take_over
from monitor.conf.serving import demand_settings

demand_settings()
application = get_wsgi_application()
take_over()
