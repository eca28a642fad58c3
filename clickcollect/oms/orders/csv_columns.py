"""What a column of an order file may be called, and the place of its values in an order (contract section 2). Pure.

Names are compared folded, without blanks and marks: "Order Number", ORDER_NUMBER and orderNumber are one.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from clickcollect.oms import search

Place = tuple[str, ...]

NUMBER: Final = ("number",)
CHANNEL: Final = ("channel",)
STORE: Final = ("shipping_address", "retail_store")
FIRST_NAME: Final = ("customer", "first_name")
PHONE: Final = ("customer", "phone_number")
SKU: Final = ("order_item", "sku")
ITEM: Final = ("order_item", "name")
QUANTITY: Final = ("order_item", "quantity")

# Our own name first; then as people say it in English, Turkish, German, Arabic, French, Spanish, Italian and Dutch.
NAMES: Final[dict[Place, tuple[str, ...]]] = {
    NUMBER: (
        "order_number", "number", "order", "order no", "order id", "sipariş numarası", "sipariş no", "sipariş",
        "Bestellnummer", "Auftragsnummer", "Bestellung", "Auftrag", "رقم الطلب", "الطلب", "numéro de commande",
        "commande", "número de pedido", "pedido", "numero ordine", "ordine", "bestelnummer",
    ),
    CHANNEL: (
        "channel", "sales channel", "kanal", "satış kanalı", "Vertriebskanal", "Verkaufskanal", "القناة", "قناة البيع",
        "canal", "canal de vente", "canal de venta", "canale", "kanaal", "verkoopkanaal",
    ),
    ("date_placed",): (
        "date_placed", "date", "order date", "placed", "created at", "sipariş tarihi", "tarih", "Bestelldatum", "Datum",
        "تاريخ الطلب", "التاريخ", "date de commande", "fecha", "fecha del pedido", "data", "data ordine", "besteldatum",
    ),
    ("language_code",): (
        "language", "language_code", "locale", "dil", "Sprache", "اللغة", "langue", "idioma", "lingua", "taal",
    ),
    ("currency",): ("currency", "para birimi", "Währung", "العملة", "devise", "moneda", "divisa", "valuta"),
    ("amount",): (
        "amount", "total", "order total", "tutar", "toplam", "sipariş tutarı", "Betrag", "Summe", "Gesamtbetrag",
        "المبلغ", "الإجمالي", "montant", "importe", "importo", "totale", "bedrag", "totaal",
    ),
    ("delivery_type",): ("delivery_type", "teslimat türü", "teslimat tipi", "Lieferart", "نوع التسليم"),
    STORE: (
        "store", "retail_store", "pickup store", "pickup location", "location", "mağaza", "şube", "teslim mağazası",
        "Filiale", "Abholfiliale", "Abholort", "Laden", "المتجر", "الفرع", "magasin", "point de retrait", "tienda",
        "punto de recogida", "negozio", "punto di ritiro", "winkel", "afhaallocatie",
    ),
    ("shipping_address", "address_line"): (
        "address_line", "address", "street", "adres", "Adresse", "Straße", "العنوان", "rue", "dirección", "indirizzo",
        "straat",
    ),
    ("shipping_address", "postcode"): (
        "postcode", "postal code", "zip", "posta kodu", "Postleitzahl", "PLZ", "الرمز البريدي", "code postal",
        "código postal", "cap",
    ),
    ("shipping_address", "city"): (
        "city", "town", "şehir", "il", "Stadt", "Ort", "المدينة", "ville", "ciudad", "città", "plaats", "stad",
    ),
    ("shipping_address", "country"): ("country", "ülke", "Land", "الدولة", "البلد", "pays", "país", "paese"),
    FIRST_NAME: (
        "first_name", "given name", "customer", "customer name", "full name", "ad", "adı", "isim", "müşteri",
        "müşteri adı", "ad soyad", "adı soyadı", "Vorname", "Kunde", "Kundenname", "الاسم", "الاسم الأول", "اسم العميل",
        "العميل", "prénom", "client", "nombre", "cliente", "nome", "voornaam", "klant",
    ),
    ("customer", "last_name"): (
        "last_name", "family name", "surname", "soyad", "soyadı", "soyisim", "Nachname", "Familienname", "اسم العائلة",
        "الكنية", "nom", "nom de famille", "apellido", "apellidos", "cognome", "achternaam",
    ),
    ("customer", "email"): (
        "email", "e-mail", "e-posta", "eposta", "E-Mail-Adresse", "البريد الإلكتروني", "courriel", "correo",
        "correo electrónico", "posta elettronica",
    ),
    PHONE: (
        "phone", "phone_number", "mobile", "mobile number", "mobile phone", "cell phone", "telefon", "telefon numarası",
        "cep telefonu", "cep", "Telefonnummer", "Handy", "Handynummer", "Mobil", "Mobiltelefon", "الهاتف", "رقم الهاتف",
        "الجوال", "رقم الجوال", "téléphone", "portable", "teléfono", "móvil", "telefono", "cellulare", "telefoon",
        "mobiel",
    ),
    ("customer", "phone_country"): ("phone_country", "telefon ülkesi", "Land der Telefonnummer", "دولة الهاتف"),
    SKU: (
        "sku", "article number", "item number", "product code", "barcode", "stok kodu", "ürün kodu", "barkod",
        "Artikelnummer", "Artikelnr", "رمز المنتج", "رمز الصنف", "référence", "referencia", "codice articolo",
        "artikelnummer",
    ),
    ITEM: (
        "item", "name", "item name", "article", "product", "product name", "title", "ürün", "ürün adı", "Artikel",
        "Artikelname", "Bezeichnung", "Produkt", "المنتج", "اسم المنتج", "الصنف", "produit", "désignation", "artículo",
        "producto", "articolo", "prodotto", "product naam",
    ),
    QUANTITY: (
        "quantity", "qty", "pieces", "adet", "miktar", "Menge", "Anzahl", "Stückzahl", "الكمية", "العدد", "quantité",
        "cantidad", "quantità", "aantal",
    ),
    ("order_item", "price"): (
        "price", "unit price", "fiyat", "birim fiyat", "Preis", "Einzelpreis", "Stückpreis", "السعر", "سعر الوحدة",
        "prix", "prix unitaire", "precio", "prezzo", "prijs",
    ),
    ("order_item", "image_url"): ("image_url", "image", "picture", "resim", "görsel", "Bild", "الصورة"),
    ("order_item", "retail_store"): ("item_store", "ürün mağazası", "Filiale des Artikels", "متجر الصنف"),
    ("order_item", "parcel"): ("parcel", "package", "paket", "koli", "الطرد"),
}  # fmt: skip
NEEDED: Final = (NUMBER, CHANNEL, PHONE, SKU, ITEM, QUANTITY)
AMBIGUOUS: Final = "name"  # the item's, unless another column is


def column_key(name: str) -> str:
    """A column's name as it is compared."""
    return "".join(search.WORD.findall(search.fold(name)))


PLACES: Final[dict[str, Place]] = {
    column_key(spelling): place
    for place, names in NAMES.items()
    for name in names
    for spelling in (name, search.spelled_out(name))
}
OWN_NAMES: Final[dict[Place, str]] = {place: names[0] for place, names in NAMES.items()}
BY_OWN_NAME: Final[dict[str, Place]] = {name: place for place, name in OWN_NAMES.items()}


def column_places(header: Sequence[str], chosen: Mapping[str, str] | None = None) -> list[Place | None]:
    """The place of each column's values, None for a column that is not read; of two for one place the first counts.

    Arguments: ``chosen``, by a column's key, the own name of the column that somebody chose for it; empty for none.
    """
    keys = [column_key(name) for name in header]
    found = [BY_OWN_NAME.get(chosen[key]) if chosen and key in chosen else PLACES.get(key) for key in keys]
    if ITEM in {place for key, place in zip(keys, found, strict=True) if key != AMBIGUOUS}:
        found = [
            FIRST_NAME if key == AMBIGUOUS and place == ITEM else place for key, place in zip(keys, found, strict=True)
        ]
    return [place if place not in found[:at] else None for at, place in enumerate(found)]


def missing_columns(places: Sequence[Place | None], *, has_channel: bool) -> list[str]:
    """The own names of the columns that are needed and not there."""
    needed = (place for place in NEEDED if not (has_channel and place == CHANNEL))
    return [OWN_NAMES[place] for place in needed if place not in places]
