"""Instore's addresses."""

from django.urls import path, register_converter

from clickcollect.instore import (
    bulk,
    commands,
    manager,
    package_page,
    packages,
    packing,
    pin_sign_in,
    printing,
    session_views,
)


class NumberConverter:
    """A package number, such as PK-20481."""

    regex = "PK-[0-9]{1,18}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: object) -> str:
        return str(value)


register_converter(NumberConverter, "package_number")

app_name = "instore"
urlpatterns = [
    path("", packages.show_packages, name="packages"),
    path("live/", packages.packages_live, name="packages_live"),
    path("manager/", manager.show_manager_page, name="manager"),
    path("manager/figures.csv", manager.export_figures, name="figures"),
    path("manager/review/", manager.mark_reviewed, name="review"),
    path("labels/", printing.labels, name="labels"),
    path("pick-lists/", printing.pick_lists, name="pick_lists"),
    path("bulk/", bulk.bulk_dialog, name="bulk"),
    path("switch/", pin_sign_in.switch, name="switch"),
    path("pin/", pin_sign_in.own_pin, name="own_pin"),
    path("stores/", session_views.stores, name="stores"),
    path("here/", session_views.touch, name="touch"),
    path("manifest.webmanifest", session_views.manifest, name="manifest"),
    path("leave/", session_views.sign_out, name="leave"),
    path("language/", session_views.change_language, name="language"),
    path("packages/<package_number:number>/", package_page.show_package, name="package"),
    path("packages/<package_number:number>/live/", package_page.package_live, name="package_live"),
    path("packages/<package_number:number>/shelf/", packing.save_shelf_view, name="shelf"),
    path("packages/<package_number:number>/items/<int:item_id>/", packing.save_picked, name="tick"),
    path("packages/<package_number:number>/label/", commands.check_label, name="label"),
    path("packages/<package_number:number>/commands/<slug:slug>/", commands.run_posted_command, name="command"),
]
