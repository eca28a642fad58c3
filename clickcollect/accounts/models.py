"""People and the keys their programs use. Which store they work in is not known here."""

from collections.abc import Collection
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Final

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

LOGIN_NAME: Final = "login"  # the name of the key that a sign-in gives


class Role(models.TextChoices):
    """What a person is in the business; the rights of each stand in `oms/access.py`."""

    ASSOCIATE = "associate", _("Associate")
    MANAGER = "manager", _("Manager")
    OPERATOR = "operator", _("Operator")
    ADMIN = "admin", _("Administrator")


class Channel(models.TextChoices):
    """The door through which somebody acts; the words are those of a command's visibility."""

    OMS_WEB = "OMS WEB", _("OMS WEB")
    INSTORE = "INSTORE", _("INSTORE")


BACK_OFFICE = (Role.OPERATOR, Role.ADMIN)


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        """Add a person; without a password nobody can sign in as them."""
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """One person with one role. There is no superuser flag: the role decides, and only an administrator sets it."""

    username = models.CharField(_("username"), max_length=150, unique=True)
    first_name = models.CharField(_("first name"), max_length=150, blank=True)
    last_name = models.CharField(_("last name"), max_length=150, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    role = models.CharField(_("role"), max_length=16, choices=Role.choices, default=Role.ASSOCIATE)
    language_code = models.CharField(_("language"), max_length=16, blank=True)
    time_zone = models.CharField(  # in which the back office shows times; empty: in the store's
        _("time zone"), max_length=64, blank=True, default="", db_default=""
    )
    pin = models.CharField(
        _("PIN"), max_length=128, blank=True, help_text=_("Hashed; for switching on a shared device.")
    )
    pin_can_approve = models.BooleanField(default=False, editable=False)  # long enough for a manager's sign-off
    pin_locked_at = models.DateTimeField(null=True, editable=False)  # too many wrong ones; until the next full sign-in
    is_active = models.BooleanField(_("active"), default=True)
    access_version = models.PositiveIntegerField(
        default=0, editable=False
    )  # sessions and devices know the one they saw
    date_joined = models.DateTimeField(_("date joined"), auto_now_add=True)

    store_ids: Collection[int] | None = None  # where the session that brought the person along knows them

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        verbose_name = _("staff member")
        verbose_name_plural = _("staff")
        ordering = ("username",)
        constraints = (models.CheckConstraint(name="user_role_known", condition=models.Q(role__in=Role.values)),)

    def __str__(self) -> str:
        return self.get_full_name()

    def get_full_name(self) -> str:
        """The name colleagues read; the username where none was entered."""
        return f"{self.first_name} {self.last_name}".strip() or self.username

    def get_short_name(self) -> str:
        return self.first_name or self.username

    @property
    def is_staff(self) -> bool:
        """Whether OMS WEB opens: back-office roles only."""
        return self.is_active and self.role in BACK_OFFICE

    @property
    def is_superuser(self) -> bool:
        """Nobody stands above the rights table."""
        return False

    @property
    def channel(self) -> Channel:
        """The channel a person works in unless a token says otherwise."""
        return Channel.OMS_WEB if self.role in BACK_OFFICE else Channel.INSTORE

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What every session of this person is checked against: it ends with the password, or when access was ended."""
        shown = f"{self.access_version}:{self.password}"
        key_salt = "clickcollect.accounts.models.User.get_session_auth_hash"
        return salted_hmac(key_salt, shown, secret=secret, algorithm="sha256").hexdigest()

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Django's own permissions are not used; OMS WEB asks the rights table itself."""
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    if TYPE_CHECKING:
        id: int


class ApiToken(models.Model):
    """A program's key: shown once, kept as a SHA-256 of 256 random bits, narrowed by scopes, channel and stores."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="tokens", verbose_name=_("user"))
    name = models.CharField(_("name"), max_length=100)
    prefix = models.CharField(_("begins with"), max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"), default=list, blank=True)
    channel = models.CharField(_("channel"), max_length=8, choices=Channel.choices)
    stores = ArrayField(models.CharField(max_length=64), verbose_name=_("stores"), default=list, blank=True)
    created_date = models.DateTimeField(_("created"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(name="token_channel_known", condition=models.Q(channel__in=Channel.values)),
        )

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_sign_in(self) -> bool:
        """Whether it is the key of a person's own sign-in, and not one made for a program."""
        return self.name == LOGIN_NAME

    @property
    def has_expired(self) -> bool:
        """Whether its time is over; the database decides for each request whether it is still taken."""
        return self.expires_at is not None and self.expires_at <= timezone.now()


class IdempotencyKey(models.Model):
    """A request that may be sent again: who sent it, what it was, and the answer it got.

    ``fingerprint`` covers neither a code nor a secret. ``status`` is empty while the request runs.
    """

    caller = models.CharField(max_length=80)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    started_at = models.DateTimeField(db_default=Now())
    status = models.PositiveSmallIntegerField(null=True)
    content_type = models.CharField(max_length=100, blank=True)
    body = models.BinaryField(default=bytes)

    class Meta:
        constraints = (models.UniqueConstraint(name="idempotency_key_once_per_caller", fields=["caller", "key"]),)
        indexes = (models.Index(name="idempotency_to_purge", fields=["started_at"]),)

    def __str__(self) -> str:
        return f"{self.caller} {self.key}"

    def __repr__(self) -> str:
        return f"<IdempotencyKey {self.pk}>"


class SignInCounter(models.Model):
    """When wrong passwords, PINs and codes were tried, by account or by address (accounts/sign_in_limits.py)."""

    key = models.CharField(max_length=100, unique=True)
    tried_at = ArrayField(models.DateTimeField(), default=list)
    touched_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = (models.Index(name="sign_in_counter_to_purge", fields=["touched_at"]),)

    def __str__(self) -> str:
        return self.key


class BrowserSession(AbstractBaseSession):
    """A browser's session with the person who is signed in there, so that one statement finds both."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="sessions")

    if TYPE_CHECKING:
        user_id: int | None

    class Meta(AbstractBaseSession.Meta):
        pass

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        """Where sessions are read and written (Django asks)."""
        return import_module(settings.SESSION_ENGINE).SessionStore  # type: ignore[no-any-return]
