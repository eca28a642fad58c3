"""The guide's addresses."""

from django.urls import path

from clickcollect.guide import views

app_name = "guide"
urlpatterns = [
    path("", views.first_page, name="first"),
    path("<slug:name>/", views.show_page, name="page"),
]
