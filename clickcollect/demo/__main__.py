"""`python -m clickcollect.demo`: load the demo shop into the database of DATABASE_URL."""

import os

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clickcollect.settings")
    os.environ.setdefault("ALLOW_FICTITIOUS_NUMBERS", "on")  # its customers have no other
    django.setup()
    from clickcollect.demo.load import load_demo_shop

    load_demo_shop()
