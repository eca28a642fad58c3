"""What the keys of a keyboard type, by country: a scanner presses keys, and the machine it is plugged into reads them.

Two rows a layout, without Shift and with it: the 47 keys that type something, from left to right and from top to
bottom, as the United States have them. A blank stands for a key that types nothing by itself.
"""

from typing import Final

LAYOUTS: Final[dict[str, tuple[str, str]]] = {
    "United States": (
        "`1234567890-=qwertyuiop[]\\asdfghjkl;'zxcvbnm,./",
        '~!@#$%^&*()_+QWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?',
    ),
    "United Kingdom": (
        "`1234567890-=qwertyuiop[]#asdfghjkl;'zxcvbnm,./",
        '¬!"£$%^&*()_+QWERTYUIOP{}~ASDFGHJKL:@ZXCVBNM<>?',
    ),
    "Germany, Austria": (
        " 1234567890ß qwertzuiopü+#asdfghjklöäyxcvbnm,.-",
        "°!\"§$%&/()=? QWERTZUIOPÜ*'ASDFGHJKLÖÄYXCVBNM;:_",
    ),
    "Switzerland": (
        "§1234567890' qwertzuiopü $asdfghjklöäyxcvbnm,.-",
        '°+"*ç%&/()=? QWERTZUIOPè!£ASDFGHJKLéàYXCVBNM;:_',
    ),
    "France": (
        "²&é\"'(-è_çà)=azertyuiop $*qsdfghjklmùwxcvbn,;:!",
        "~1234567890°+AZERTYUIOP £µQSDFGHJKLM%WXCVBN?./§",
    ),
    "Belgium": (
        "²&é\"'(§è!çà)-azertyuiop $µqsdfghjklmùwxcvbn,;:=",
        "³1234567890°_AZERTYUIOP *£QSDFGHJKLM%WXCVBN?./+",
    ),
    "Italy": (
        "\\1234567890'ìqwertyuiopè+ùasdfghjklòàzxcvbnm,.-",
        '|!"£$%&/()=?^QWERTYUIOPé*§ASDFGHJKLç°ZXCVBNM;:_',
    ),
    "Spain": (
        "º1234567890'¡qwertyuiop +çasdfghjklñ zxcvbnm,.-",
        'ª!" $%&/()=?¿QWERTYUIOP *ÇASDFGHJKLÑ ZXCVBNM;:_',
    ),
    "Latin America": (
        "|1234567890'¿qwertyuiop +}asdfghjklñ{zxcvbnm,.-",
        '°!"#$%&/()=?¡QWERTYUIOP *]ASDFGHJKLÑ[ZXCVBNM;:_',
    ),
    "Portugal": (
        "\\1234567890'«qwertyuiop+  asdfghjklçºzxcvbnm,.-",
        '|!"#$%&/()=?»QWERTYUIOP*  ASDFGHJKLÇªZXCVBNM;:_',
    ),
    "Brazil": (
        "'1234567890-=qwertyuiop []asdfghjklç zxcvbnm,.;",
        '"!@#$% &*()_+QWERTYUIOP {}ASDFGHJKLÇ ZXCVBNM<>:',
    ),
    "Netherlands": (
        "@1234567890/°qwertyuiop *<asdfghjkl+ zxcvbnm,.-",
        "§!\"#$%&_()'? QWERTYUIOP |>ASDFGHJKL± ZXCVBNM;:=",
    ),
    "Sweden, Finland": (
        "§1234567890+ qwertyuiopå 'asdfghjklöäzxcvbnm,.-",
        '½!"#¤%&/()=? QWERTYUIOPÅ *ASDFGHJKLÖÄZXCVBNM;:_',
    ),
    "Denmark": (
        "½1234567890+ qwertyuiopå 'asdfghjklæøzxcvbnm,.-",
        '§!"#¤%&/()=? QWERTYUIOPÅ *ASDFGHJKLÆØZXCVBNM;:_',
    ),
    "Norway": (
        "|1234567890+\\qwertyuiopå 'asdfghjkløæzxcvbnm,.-",
        '§!"#¤%&/()=? QWERTYUIOPÅ *ASDFGHJKLØÆZXCVBNM;:_',
    ),
    "Estonia": (
        " 1234567890+ qwertyuiopüõ'asdfghjklöäzxcvbnm,.-",
        ' !"#¤%&/()=? QWERTYUIOPÜÕ*ASDFGHJKLÖÄZXCVBNM;:_',
    ),
    "Lithuania": (
        "`ąčęėįšųū„“-žqwertyuiop[]\\asdfghjkl;'zxcvbnm,./",
        '~ĄČĘĖĮŠŲŪ()_ŽQWERTYUIOP{}|ASDFGHJKL:"ZXCVBNM<>?',
    ),
    "Czechia": (
        ";+ěščřžýáíé= qwertzuiopú) asdfghjklů§yxcvbnm,.-",
        " 1234567890% QWERTZUIOP/('ASDFGHJKL\"!YXCVBNM?:_",
    ),
    "Slovakia": (
        ";+ľščťžýáíé= qwertzuiopúäňasdfghjklô§yxcvbnm,.-",
        ' 1234567890% QWERTZUIOP/()ASDFGHJKL"!YXCVBNM?:_',
    ),
    "Hungary": (
        "0123456789öüóqwertzuiopőúűasdfghjkléáyxcvbnm,.-",
        "§'\"+!%/=()ÖÜÓQWERTZUIOPŐÚŰASDFGHJKLÉÁYXCVBNM?:_",
    ),
    "Serbia": (
        "`1234567890'+љњертзуиопшђжасдфгхјклчћжџцвбнм,.-",
        '~!"#$%&/()=?*ЉЊЕРТЗУИОПШЂЖАСДФГХЈКЛЧЋЖЏЦВБНМ;:_',
    ),
    "Türkiye, Q": (
        '"1234567890*-qwertyuıopğü,asdfghjklşizxcvbnmöç.',
        "é!'^+%&/()=?_QWERTYUIOPĞÜ;ASDFGHJKLŞİZXCVBNMÖÇ:",
    ),
    "Türkiye, F": (
        "+1234567890/-fgğıodrnhpqwxuieaütkmlyşjövcçzsb.,",
        "*!\"^$%&'()=?_FGĞIODRNHPQWXUİEAÜTKMLYŞJÖVCÇZSB:;",
    ),
    "Greece": (
        "`1234567890-=;ςερτυθιοπ[]\\ασδφγηξκλ 'ζχψωβνμ,./",
        '~!@#$%^&*()_+:ΣΕΡΤΥΘΙΟΠ{}|ΑΣΔΦΓΗΞΚΛ "ΖΧΨΩΒΝΜ<>?',
    ),
    "Russia": (
        "ё1234567890-=йцукенгшщзхъ\\фывапролджэячсмитьбю.",
        'Ё!"№;%:?*()_+ЙЦУКЕНГШЩЗХЪ/ФЫВАПРОЛДЖЭЯЧСМИТЬБЮ,',
    ),
    "Ukraine": (
        "'1234567890-=йцукенгшщзхїґфівапролджєячсмитьбю.",
        'ʼ!"№;%:?*()_+ЙЦУКЕНГШЩЗХЇҐФІВАПРОЛДЖЄЯЧСМИТЬБЮ,',
    ),
    "Bulgaria": (
        "(1234567890-.,уеишщксдзц;„ьяаожгтнвмчюйъэфхпрлб",
        ')!?+"%=:/–№$€ыУЕИШЩКСДЗЦ§“ѝЯАОЖГТНВМЧЮЙЪЭФХПРЛБ',
    ),
    "Israel": (
        ";1234567890-=/'קראטוןםפ][\\שדגכעיחלךף,זסבהנמצתץ.",
        '~!@#$%^&*)(_+QWERTYUIOP}{|ASDFGHJKL:"ZXCVBNM><?',
    ),
    "Arabic": (
        "ذ1234567890-=ضصثقفغعهخحجد\\شسيبلاتنمكطئءؤرﻻىةوزظ",
        "\u0651!@#$%^&*)(_+\u064e\u064b\u064f\u064cﻹإ`÷×؛<>…\u0650\u064d][ﻷأـ،/:\"~\u0652}{ﻵآ',.؟",
    ),
    "Iran": (
        "\u200d1234567890-=ضصثقفغع خحجچ\\شسیبلاتنمکگظطزرذدپو./",
        "÷!٬٫﷼٪×،*)(ـ+\u0652\u064c\u064d\u064b\u064f\u0650\u064e\u0651][}{|ؤئيإأآة»«:؛ك\u0653ژ\u0670\u200c\u0654ء><؟",
    ),
    "Thailand": (
        "_ๅ/-ภถ\u0e38\u0e36คตจขชๆไำพะ\u0e31\u0e35รนยบลฃฟหกดเ\u0e49\u0e48าสวงผปแอ\u0e34\u0e37ทมใฝ",
        '%+1234\u0e39฿567890"ฎฑธ\u0e4d\u0e4aณฯญฐ,ฅฤฆฏโฌ\u0e47\u0e4bษศซ.()ฉฮ\u0e3a\u0e4c?ฒฬฦ',
    ),
    "Canada": (
        "#1234567890-=qwertyuiop  <asdfghjkl; zxcvbnm,.é",
        "|!\"/$%?&*()_+QWERTYUIOP  >ASDFGHJKL: ZXCVBNM'.É",
    ),
    "Iceland": (
        " 1234567890ö-qwertyuiopð'+asdfghjklæ zxcvbnm,.þ",
        ' !"#$%&/()=Ö_QWERTYUIOPÐ?*ASDFGHJKLÆ ZXCVBNM;:Þ',
    ),
    "Croatia, Slovenia, Bosnia": (
        " 1234567890'+qwertzuiopšđžasdfghjklčćyxcvbnm,.-",
        ' !"#$%&/()=?*QWERTZUIOPŠĐŽASDFGHJKLČĆYXCVBNM;:_',
    ),
    "Japan": (
        " 1234567890-^qwertyuiop@[]asdfghjkl;:zxcvbnm,./",
        " !\"#$%&'() =~QWERTYUIOP`{}ASDFGHJKL+*ZXCVBNM<>?",
    ),
}
