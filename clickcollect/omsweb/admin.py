"""Which models and pages OMS WEB has."""

from clickcollect.accounts.models import ApiToken, User
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.oms.models import AppliedSetting, CommandLog, CommandTransition, OrderUpload, Package, PackageState
from clickcollect.oms.repair_models import LocationRule, OrderToRepair
from clickcollect.omsweb.deliveries import DeliveryAdmin
from clickcollect.omsweb.hooks import HookAdmin
from clickcollect.omsweb.locations import LocationRuleAdmin
from clickcollect.omsweb.log import LogAdmin
from clickcollect.omsweb.order_files import OrderFileAdmin
from clickcollect.omsweb.orders import OrderAdmin
from clickcollect.omsweb.packages import PackageAdmin
from clickcollect.omsweb.privacy_page import privacy_page
from clickcollect.omsweb.repairs import OrderToRepairAdmin
from clickcollect.omsweb.reviews_page import reviews_page
from clickcollect.omsweb.settings_page import SettingsAdmin
from clickcollect.omsweb.site import site
from clickcollect.omsweb.staff import StaffAdmin
from clickcollect.omsweb.store_comparison import store_comparison
from clickcollect.omsweb.stores import StoreAdmin
from clickcollect.omsweb.time_zone_page import time_zone_page
from clickcollect.omsweb.tokens import TokenAdmin
from clickcollect.omsweb.workflow import StateAdmin, TransitionAdmin
from clickcollect.whisperer.models import Delivery, Hook

__all__ = ("site",)

site.register(Package, PackageAdmin)
site.register(Order, OrderAdmin)
site.register(OrderToRepair, OrderToRepairAdmin)
site.register(LocationRule, LocationRuleAdmin)
site.register(OrderUpload, OrderFileAdmin)
site.register(CommandLog, LogAdmin)
site.register(CommandTransition, TransitionAdmin)
site.register(PackageState, StateAdmin)
site.register(AppliedSetting, SettingsAdmin)
site.register(RetailStore, StoreAdmin)
site.register(User, StaffAdmin)
site.register(ApiToken, TokenAdmin)
site.register(Hook, HookAdmin)
site.register(Delivery, DeliveryAdmin)

site.add_page("time-zone/", time_zone_page, name="time_zone")
site.add_page("reviews/", reviews_page, name="reviews")
site.add_page("compare/", store_comparison, name="store_comparison")
site.add_page("privacy/", privacy_page, name="privacy")
