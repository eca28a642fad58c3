"""Which subjects and pages OMS WEB has."""

from clickcollect.accounts.models import ApiToken, User
from clickcollect.omnitron.models import Order, RetailStore
from clickcollect.oms.models import AppliedSetting, CommandLog, CommandTransition, Package, PackageState
from clickcollect.omsweb.deliveries import DeliverySubject
from clickcollect.omsweb.hooks import HookSubject
from clickcollect.omsweb.log import LogSubject
from clickcollect.omsweb.orders import OrderSubject
from clickcollect.omsweb.packages import PackageSubject
from clickcollect.omsweb.privacy_page import privacy_page
from clickcollect.omsweb.reviews_page import reviews_page
from clickcollect.omsweb.settings_page import SettingsSubject
from clickcollect.omsweb.site import site
from clickcollect.omsweb.staff import StaffSubject
from clickcollect.omsweb.stores import StoreSubject
from clickcollect.omsweb.tokens import TokenSubject
from clickcollect.omsweb.workflow import StateSubject, TransitionSubject
from clickcollect.whisperer.models import Delivery, Hook

__all__ = ("site",)

site.register(Package, PackageSubject)
site.register(Order, OrderSubject)
site.register(CommandLog, LogSubject)
site.register(CommandTransition, TransitionSubject)
site.register(PackageState, StateSubject)
site.register(AppliedSetting, SettingsSubject)
site.register(RetailStore, StoreSubject)
site.register(User, StaffSubject)
site.register(ApiToken, TokenSubject)
site.register(Hook, HookSubject)
site.register(Delivery, DeliverySubject)

site.add_page("reviews/", reviews_page, name="reviews")
site.add_page("privacy/", privacy_page, name="privacy")
