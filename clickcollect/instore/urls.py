"""Instore's addresses."""

from django.urls import path, register_converter

from clickcollect.instore import bulk, commands, doors, manager, package_page, packages, packing, prints, switch


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
    path("", packages.show, name="packages"),
    path("live/", packages.live, name="packages_live"),
    path("manager/", manager.show, name="manager"),
    path("manager/figures.csv", manager.export, name="figures"),
    path("manager/review/", manager.review, name="review"),
    path("labels/", prints.labels, name="labels"),
    path("pick-lists/", prints.pick_lists, name="pick_lists"),
    path("bulk/", bulk.show, name="bulk"),
    path("switch/", switch.switch, name="switch"),
    path("pin/", switch.own_pin, name="own_pin"),
    path("stores/", doors.stores, name="stores"),
    path("here/", doors.touch, name="touch"),
    path("manifest.webmanifest", doors.manifest, name="manifest"),
    path("leave/", doors.leave, name="leave"),
    path("language/", doors.change_language, name="language"),
    path("packages/<package_number:number>/", package_page.show, name="package"),
    path("packages/<package_number:number>/live/", package_page.live, name="package_live"),
    path("packages/<package_number:number>/place/", packing.place, name="place"),
    path("packages/<package_number:number>/items/<int:item_id>/", packing.tick, name="tick"),
    path("packages/<package_number:number>/label/", commands.check_label, name="label"),
    path("packages/<package_number:number>/commands/<slug:slug>/", commands.run, name="command"),
]
