"""Languages: their names for prompts, and the tokens by which multilingual models know them."""

from difflib import get_close_matches

# ISO 639-1 code: English name, code of FLORES-200, which NLLB uses
LANGUAGES = {
    "ar": ("Arabic", "arb_Arab"), "bg": ("Bulgarian", "bul_Cyrl"), "bn": ("Bengali", "ben_Beng"),
    "cs": ("Czech", "ces_Latn"), "da": ("Danish", "dan_Latn"), "de": ("German", "deu_Latn"),
    "el": ("Greek", "ell_Grek"), "en": ("English", "eng_Latn"), "es": ("Spanish", "spa_Latn"),
    "et": ("Estonian", "est_Latn"), "fa": ("Persian", "pes_Arab"), "fi": ("Finnish", "fin_Latn"),
    "fr": ("French", "fra_Latn"), "gu": ("Gujarati", "guj_Gujr"), "he": ("Hebrew", "heb_Hebr"),
    "hi": ("Hindi", "hin_Deva"), "hr": ("Croatian", "hrv_Latn"), "hu": ("Hungarian", "hun_Latn"),
    "id": ("Indonesian", "ind_Latn"), "it": ("Italian", "ita_Latn"), "ja": ("Japanese", "jpn_Jpan"),
    "kk": ("Kazakh", "kaz_Cyrl"), "km": ("Khmer", "khm_Khmr"), "ko": ("Korean", "kor_Hang"),
    "lt": ("Lithuanian", "lit_Latn"), "lv": ("Latvian", "lvs_Latn"), "my": ("Burmese", "mya_Mymr"),
    "ne": ("Nepali", "npi_Deva"), "nl": ("Dutch", "nld_Latn"), "no": ("Norwegian", "nob_Latn"),
    "pl": ("Polish", "pol_Latn"), "pt": ("Portuguese", "por_Latn"), "ro": ("Romanian", "ron_Latn"),
    "ru": ("Russian", "rus_Cyrl"), "si": ("Sinhala", "sin_Sinh"), "sk": ("Slovak", "slk_Latn"),
    "sv": ("Swedish", "swe_Latn"), "sw": ("Swahili", "swh_Latn"), "ta": ("Tamil", "tam_Taml"),
    "th": ("Thai", "tha_Thai"), "tr": ("Turkish", "tur_Latn"), "uk": ("Ukrainian", "ukr_Cyrl"),
    "ur": ("Urdu", "urd_Arab"), "vi": ("Vietnamese", "vie_Latn"), "zh": ("Chinese", "zho_Hans"),
}  # fmt: skip


def language_name(code: str) -> str:
    """The English name of a language by its ISO 639-1 code, FLORES-200 code or mBART code (zh_CN); another code with an
    underscore stands for itself. ValueError for what can be no code."""
    name = next((name for iso, (name, flores) in LANGUAGES.items() if code in (iso, flores)), None)
    name = name or LANGUAGES.get(str(code).split("_")[0], (None,))[0]
    if name or "_" in str(code):
        return name or code
    near = get_close_matches(str(code).title(), [name for name, _ in LANGUAGES.values()], 1)
    hint = next((f" Did you mean {iso}?" for iso, (name, _) in LANGUAGES.items() if [name] == near), "")
    raise ValueError(
        f"{code} is no language code that is known.{hint} Give one of {', '.join(LANGUAGES)}, or the model's own code, "
        "which has an underscore (zho_Hans)."
    )


def language_token(tokenizer, code: str, side: str) -> str:
    """The token by which a tokenizer knows a language: the code itself, NLLB's (zho_Hans) or mBART's (zh_CN). `side`,
    source or target, is for the message of the ValueError where there is none."""
    known = tokenizer.get_vocab()
    flores = LANGUAGES.get(code, (None, code))[1]
    regional = sorted(
        token for token in tokenizer.all_special_tokens if token.startswith(f"{code}_") and len(token) == 5
    )
    token = next((token for token in (code, flores, *regional) if "_" in token and token in known), None)
    if token is None:
        near = get_close_matches(code, [token for token in tokenizer.all_special_tokens if "_" in token], 3, 0.3)
        hint = f" Near: {', '.join(near)}." if near else ""
        raise ValueError(
            f"task.{side}_language={code}: this model has no token for it.{hint} Give one of its own codes."
        )
    return token
