"""Which subjects OMS WEB has."""

from clickcollect.omnitron.models import Order
from clickcollect.oms.models import Package
from clickcollect.omsweb.orders import OrderSubject
from clickcollect.omsweb.packages import PackageSubject
from clickcollect.omsweb.site import site

__all__ = ("site",)

site.register(Package, PackageSubject)
site.register(Order, OrderSubject)
