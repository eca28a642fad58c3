"""The words of the SMS, language by language. Own wordings live in the table that /templates/ edits.

`{placeholders}` are filled in; a part in [square brackets] is left out when one of its placeholders has no value.
The code comes first: however long a store's name is, it is in the first segment.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

FALLBACK: Final = "en"


class Kind(StrEnum):
    """The messages that we send."""

    READY = "ready"
    READY_WITHOUT_CODE = "ready_without_code"
    RESENT = "resent"
    REMINDER = "reminder"
    OVERRIDDEN = "overridden"
    PHONE_CHANGED = "phone_changed"
    NOT_READY = "not_ready"

    @property
    def has_code(self) -> bool:
        """A message that is there to carry the code."""
        return self in {Kind.READY, Kind.RESENT}


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language: its texts, and how it says a day and a time."""

    name: str
    right_to_left: bool = False
    weekdays: tuple[str, ...]
    months: tuple[str, ...] = ()
    deadline: str
    texts: dict[Kind, str]

    def say(self, moment: datetime) -> str:
        """A day and a time of day, short, in ASCII digits."""
        return self.deadline.format(
            weekday=self.weekdays[moment.weekday()],
            day=moment.day,
            month=self.months[moment.month - 1] if self.months else moment.month,
            time=f"{moment:%H:%M}",
        )


LANGUAGES: Final[dict[str, Language]] = {
    "en": Language(
        name="English",
        weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
        deadline="{weekday} {day} {month}, {time}",
        texts={
            Kind.READY: (
                "Your pickup code is {code}. Order {order} is ready at {store}.[ Collect it by {deadline}.] "
                "Only give this code to staff at the counter."
            ),
            Kind.READY_WITHOUT_CODE: (
                "Order {order} is ready at {store}.[ Collect it by {deadline}.] "
                "Please have your order number with you at the counter."
            ),
            Kind.RESENT: (
                "Your pickup code once more: {code}. Order {order}, {store}.[ Collect it by {deadline}.] "
                "Only give this code to staff at the counter."
            ),
            Kind.REMINDER: (
                "Order {order} is still waiting for you at {store}.[ Please collect it by {deadline}.] "
                "If we sent you a pickup code, tell it only at the counter."
            ),
            Kind.OVERRIDDEN: (
                "Order {order} was handed over at {store} without a pickup code. "
                "If that was not you, please call the store[: {phone}]."
            ),
            Kind.PHONE_CHANGED: (
                "The phone number for order {order} at {store} was changed. Messages about it no longer come to this "
                "number. If you did not ask for that, please call the store[: {phone}]."
            ),
            Kind.NOT_READY: (
                "Order {order} is not ready at {store} yet after all; a code we sent no longer works. "
                "We will write again as soon as it is ready."
            ),
        },
    ),
    "tr": Language(
        name="Türkçe",
        weekdays=("Pzt", "Sal", "Çar", "Per", "Cum", "Cmt", "Paz"),
        months=("Oca", "Şub", "Mar", "Nis", "May", "Haz", "Tem", "Ağu", "Eyl", "Eki", "Kas", "Ara"),
        deadline="{day} {month} {weekday} {time}",
        texts={
            Kind.READY: (
                "Teslim alma kodunuz: {code}. {order} numaralı siparişiniz {store} mağazasında hazır."
                "[ Son teslim alma: {deadline}.] Kodu yalnızca kasada söyleyin, başka kimseyle paylaşmayın."
            ),
            Kind.READY_WITHOUT_CODE: (
                "{order} numaralı siparişiniz {store} mağazasında hazır.[ Son teslim alma: {deadline}.] "
                "Lütfen sipariş numaranızı kasada yanınızda bulundurun."
            ),
            Kind.RESENT: (
                "Teslim alma kodunuz tekrar: {code}. Sipariş {order}, {store}.[ Son teslim alma: {deadline}.] "
                "Kodu yalnızca kasada söyleyin, başka kimseyle paylaşmayın."
            ),
            Kind.REMINDER: (
                "{order} numaralı siparişiniz {store} mağazasında sizi bekliyor.[ Son teslim alma: {deadline}.] "
                "Size bir teslim alma kodu gönderdiysek, kodu yalnızca kasada söyleyin."
            ),
            Kind.OVERRIDDEN: (
                "{order} numaralı sipariş {store} mağazasında kodsuz teslim edildi. "
                "Teslim alan siz değilseniz lütfen mağazayı arayın[: {phone}]."
            ),
            Kind.PHONE_CHANGED: (
                "{order} numaralı siparişin ({store}) telefon numarası değiştirildi. Siparişle ilgili mesajlar artık "
                "bu numaraya gelmeyecek. Bunu siz istemediyseniz lütfen mağazayı arayın[: {phone}]."
            ),
            Kind.NOT_READY: (
                "{order} numaralı siparişiniz {store} mağazasında henüz hazır değil; gönderdiğimiz kod artık "
                "geçerli değil. Hazır olduğunda size yeniden yazacağız."
            ),
        },
    ),
    "de": Language(
        name="Deutsch",
        weekdays=("Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"),
        deadline="{weekday}, {day}.{month}., {time} Uhr",
        texts={
            Kind.READY: (
                "Ihr Abholcode ist {code}. Bestellung {order} liegt in {store} bereit."
                "[ Bitte bis {deadline} abholen.] Nennen Sie den Code nur an der Theke, sonst niemandem."
            ),
            Kind.READY_WITHOUT_CODE: (
                "Bestellung {order} liegt in {store} bereit.[ Bitte bis {deadline} abholen.] "
                "Bitte halten Sie an der Theke Ihre Bestellnummer bereit."
            ),
            Kind.RESENT: (
                "Ihr Abholcode noch einmal: {code}. Bestellung {order}, {store}.[ Bitte bis {deadline} abholen.] "
                "Nennen Sie den Code nur an der Theke, sonst niemandem."
            ),
            Kind.REMINDER: (
                "Bestellung {order} wartet in {store} auf Sie.[ Bitte bis {deadline} abholen.] "
                "Wenn Sie von uns einen Abholcode haben, nennen Sie ihn nur an der Theke."
            ),
            Kind.OVERRIDDEN: (
                "Bestellung {order} wurde in {store} ohne Abholcode ausgegeben. "
                "Wenn Sie das nicht waren, rufen Sie bitte im Geschäft an[: {phone}]."
            ),
            Kind.PHONE_CHANGED: (
                "Die Telefonnummer zu Bestellung {order} in {store} wurde geändert. Nachrichten dazu gehen nicht mehr "
                "an diese Nummer. Wenn Sie das nicht veranlasst haben, rufen Sie bitte im Geschäft an[: {phone}]."
            ),
            Kind.NOT_READY: (
                "Bestellung {order} liegt in {store} doch noch nicht bereit; ein Code von uns gilt nicht mehr. "
                "Wir melden uns wieder, sobald sie bereitliegt."
            ),
        },
    ),
    "ar": Language(
        name="العربية",
        right_to_left=True,
        weekdays=("الاثنين", "الثلاثاء", "الأربعاء", "الخميس", "الجمعة", "السبت", "الأحد"),
        deadline="{weekday} {day}/{month} الساعة {time}",
        texts={
            Kind.READY: (
                "رمز الاستلام: {code}. طلبك رقم {order} جاهز في {store}.[ آخر موعد للاستلام: {deadline}.] "
                "لا تذكر الرمز إلا عند منضدة الاستلام، ولا تعطه لأي شخص آخر."
            ),
            Kind.READY_WITHOUT_CODE: (
                "طلبك رقم {order} جاهز في {store}.[ آخر موعد للاستلام: {deadline}.] "
                "يرجى إحضار رقم الطلب معك إلى منضدة الاستلام."
            ),
            Kind.RESENT: (
                "رمز الاستلام مرة أخرى: {code}. الطلب {order}، {store}.[ آخر موعد للاستلام: {deadline}.] "
                "لا تذكر الرمز إلا عند منضدة الاستلام، ولا تعطه لأي شخص آخر."
            ),
            Kind.REMINDER: (
                "طلبك رقم {order} ما زال بانتظارك في {store}.[ آخر موعد للاستلام: {deadline}.] "
                "إذا أرسلنا إليك رمز استلام فلا تذكره إلا عند منضدة الاستلام."
            ),
            Kind.OVERRIDDEN: (
                "تم تسليم الطلب رقم {order} في {store} من دون رمز الاستلام. "
                "إذا لم تكن أنت من استلمه فيرجى الاتصال بالمتجر[: {phone}]."
            ),
            Kind.PHONE_CHANGED: (
                "تم تغيير رقم الهاتف الخاص بالطلب رقم {order} في {store}. لن تصل رسائل هذا الطلب إلى هذا الرقم "
                "بعد الآن. إذا لم تطلب ذلك فيرجى الاتصال بالمتجر[: {phone}]."
            ),
            Kind.NOT_READY: (
                "طلبك رقم {order} لم يجهز بعد في {store}، والرمز الذي أرسلناه لم يعد صالحا. "
                "سنراسلك مرة أخرى عندما يصبح جاهزا."
            ),
        },
    ),
    "fr": Language(
        name="Français",
        weekdays=("lun", "mar", "mer", "jeu", "ven", "sam", "dim"),
        deadline="{weekday} {day}/{month:02} à {time}",
        texts={
            Kind.READY: (
                "Votre code de retrait est {code}. La commande {order} vous attend à {store}."
                "[ Retrait jusqu'au {deadline}.] Ne donnez ce code qu'au comptoir, à personne d'autre."
            ),
            Kind.READY_WITHOUT_CODE: (
                "La commande {order} vous attend à {store}.[ Retrait jusqu'au {deadline}.] "
                "Au comptoir, indiquez votre numéro de commande."
            ),
            Kind.RESENT: (
                "Votre code de retrait, à nouveau: {code}. Commande {order}, {store}."
                "[ Retrait jusqu'au {deadline}.] Ne donnez ce code qu'au comptoir, à personne d'autre."
            ),
            Kind.REMINDER: (
                "La commande {order} vous attend toujours à {store}.[ Retrait jusqu'au {deadline}.] "
                "Si vous avez un code de retrait, ne le donnez qu'au comptoir."
            ),
            Kind.OVERRIDDEN: (
                "La commande {order} a été remise à {store} sans code de retrait. "
                "Si ce n'était pas vous, appelez le magasin[: {phone}]."
            ),
            Kind.PHONE_CHANGED: (
                "Le numéro de téléphone de la commande {order} à {store} a été modifié. Les messages à son sujet "
                "n'arriveront plus à ce numéro. Si vous ne l'avez pas demandé, appelez le magasin[: {phone}]."
            ),
            Kind.NOT_READY: (
                "La commande {order} n'est finalement pas encore prête à {store}; le code envoyé n'est plus valable. "
                "Nous vous écrirons dès qu'elle sera prête."
            ),
        },
    ),
    "es": Language(
        name="Español",
        weekdays=("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
        deadline="{weekday} {day}/{month:02} a las {time}",
        texts={
            Kind.READY: (
                "Su código de recogida es {code}. El pedido {order} está listo en {store}."
                "[ Recójalo antes del {deadline}.] Diga el código solo en el mostrador y a nadie más."
            ),
            Kind.READY_WITHOUT_CODE: (
                "El pedido {order} está listo en {store}.[ Recójalo antes del {deadline}.] "
                "Tenga a mano su número de pedido en el mostrador."
            ),
            Kind.RESENT: (
                "Su código de recogida otra vez: {code}. Pedido {order}, {store}."
                "[ Recójalo antes del {deadline}.] Diga el código solo en el mostrador y a nadie más."
            ),
            Kind.REMINDER: (
                "El pedido {order} le sigue esperando en {store}.[ Recójalo antes del {deadline}.] "
                "Si le enviamos un código de recogida, dígalo solo en el mostrador."
            ),
            Kind.OVERRIDDEN: (
                "El pedido {order} se entregó en {store} sin código de recogida. "
                "Si no fue usted, llame a la tienda[: {phone}]."
            ),
            Kind.PHONE_CHANGED: (
                "Se ha cambiado el teléfono del pedido {order} en {store}. Los mensajes sobre el pedido ya no llegarán "
                "a este número. Si usted no lo solicitó, llame a la tienda[: {phone}]."
            ),
            Kind.NOT_READY: (
                "El pedido {order} aún no está listo en {store}; el código que le enviamos ya no es válido. "
                "Le escribiremos de nuevo cuando esté listo."
            ),
        },
    ),
}
