"""Keys, tokens and password hashes of well-known services and systems in texts.

Forms are public knowledge of those who issue them: a prefix of their own and so many characters of an alphabet.
What only looks random is none; a digest or an identifier of one's own does, too. Keys of test systems open
nothing and do not count; neither do the placeholders of documentation.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import polars as pl

from testdata_assets.validation.pattern_texts import matching, pieces, rows_of


class _Form(NamedTuple):
    """One kind: literals of which one is always there, the form, and words beside it where that tells too little."""

    kind: str
    literals: tuple[str, ...]
    pattern: str
    beside: str = ""


# A digest behind a short prefix may be the key of anything.
_BESIDE = r"(?:^|[^a-z])api(?:$|[^a-z])|secret|token|credential"
_FORMS = (
    _Form("AWS key", ("AKIA", "ASIA"), r"(?:AKIA|ASIA)[A-Z0-9]{16}"),
    _Form(
        "GitHub token", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_"), r"gh[pousr]_[A-Za-z0-9]{36,255}"
    ),
    _Form("GitHub token", ("github_pat_",), r"github_pat_[A-Za-z0-9_]{60,255}"),
    _Form("GitLab token", ("glpat-", "gldt-", "glrt-"), r"gl(?:pat|dt|rt)-[A-Za-z0-9_.-]{20,}"),
    _Form("Slack token", ("xox", "xapp-"), r"(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}"),
    _Form("Slack token", ("hooks.slack.com/",), r"hooks\.slack\.com/(?:services|workflows)/\w+/[A-Za-z0-9/]{20,}"),
    _Form("Discord token", ("/api/webhooks/",), r"discord(?:app)?\.com/api/webhooks/\d{17,20}/[A-Za-z0-9_-]{60,}"),
    _Form("Telegram token", (":AA",), r"\d{8,10}:AA[A-Za-z0-9_-]{33}"),
    _Form("Stripe key", ("sk_live_", "rk_live_"), r"[sr]k_live_[A-Za-z0-9]{16,}"),
    _Form("Stripe key", ("whsec_",), r"whsec_[A-Za-z0-9+/]{24,}"),
    _Form("Square key", ("sq0",), r"sq0(?:atp|csp|idp)-[A-Za-z0-9_-]{22,}"),
    _Form("Shopify token", ("shpat_", "shpss_", "shpca_", "shppa_"), r"shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}"),
    _Form("Google key", ("AIza",), r"AIza[A-Za-z0-9_-]{35}"),
    _Form("Google key", ("GOCSPX-",), r"GOCSPX-[A-Za-z0-9_-]{28}"),
    _Form("Google key", ("ya29.",), r"ya29\.[A-Za-z0-9_-]{30,}"),
    _Form("Azure key", ("AccountKey=", "SharedAccessKey="), r"(?:Account|SharedAccess)Key=[A-Za-z0-9+/]{42,}={0,2}"),
    _Form("DigitalOcean token", ("do_v1_", "doo_v1_", "dor_v1_", "dop_v1_"), r"do[por]_v1_[0-9a-f]{64}"),
    _Form("Cloud token", ("hvs.", "hvb."), r"hv[sb]\.[A-Za-z0-9_-]{24,}"),
    _Form("Cloud token", ("dckr_pat_",), r"dckr_pat_[A-Za-z0-9_-]{27,}"),
    _Form("Cloud token", ("dapi",), r"dapi[0-9a-f]{32}(?:-\d)?"),
    _Form("Package registry token", ("npm_",), r"npm_[A-Za-z0-9]{36}"),
    _Form("Package registry token", ("pypi-",), r"pypi-[A-Za-z0-9_-]{50,}"),
    _Form("SendGrid key", ("SG.",), r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}"),
    _Form("Mailgun key", ("key-",), r"key-[0-9a-f]{32}", rf"mailgun|{_BESIDE}"),
    _Form("Twilio key", ("SK",), r"SK[0-9a-f]{32}", rf"twilio|{_BESIDE}"),
    _Form("OpenAI key", ("T3BlbkFJ",), r"sk-[A-Za-z0-9_-]{16,}T3BlbkFJ[A-Za-z0-9_-]{16,}"),
    _Form("Anthropic key", ("sk-ant-",), r"sk-ant-[a-z0-9]+-[A-Za-z0-9_-]{32,}"),
    _Form("Hugging Face token", ("hf_",), r"hf_[A-Za-z0-9]{34,}"),
    _Form("Atlassian token", ("ATATT3",), r"ATATT3[A-Za-z0-9_=-]{60,}"),
    _Form("Linear key", ("lin_api_",), r"lin_api_[A-Za-z0-9]{32,}"),
    _Form("New Relic key", ("NRAK-",), r"NRAK-[A-Z0-9]{27}"),
    _Form("web token", ("eyJ",), r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{2,}\.[A-Za-z0-9_-]{10,}"),
    _Form(
        "private key",
        ("PRIVATE KEY",),
        r"-----BEGIN (?:[A-Z0-9]+ ){0,2}PRIVATE KEY(?: BLOCK)?-----(?:\s|\\n|\\r)*[A-Za-z0-9+/=:, \r\n\\-]{40,}",
    ),
    _Form("password hash", ("$2",), r"\$2[abxy]?\$\d\d\$[./A-Za-z0-9]{53}"),
    _Form("password hash", ("$argon2",), r"\$argon2(?:id|i|d)\$(?:v=\d+\$)?m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{8,}"),
    _Form("password hash", ("$1$", "$5$", "$6$", "$y$"),
          r"\$[156y]\$[./A-Za-z0-9=]+\$(?:[./A-Za-z0-9]+\$)?[./A-Za-z0-9]{22,}"),
    _Form("password hash", ("pbkdf2", "scrypt"),
          r"(?:pbkdf2[_:]sha\d+|scrypt)[$:][0-9:]+\$[^\s$]+\$[A-Za-z0-9+/=]{27,}"),
    _Form("password hash", ("SCRAM-SHA-",), r"SCRAM-SHA-\d+\$\d+:[A-Za-z0-9+/=]{16,}\$[A-Za-z0-9+/=:]{40,}"),
    _Form("password in a URL", ("://",), r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@\"'?#]*:[^\s/@\"']{3,}@[A-Za-z0-9\[][^\s/\"'?]*"),
)  # fmt: skip
LITERALS = tuple(dict.fromkeys(literal for form in _FORMS for literal in form.literals))
# "://" and "SK" are everywhere, so the first pass looks for more of their forms.
PREFILTER = (
    *(re.escape(literal) for literal in LITERALS if literal not in ("://", "SK", "SG.", "$2")),
    r"://[^\s/:@]*:[^\s/@]{3}",
    r"SK[0-9a-f]{8}",
    r"SG\.[A-Za-z0-9_-]{8}",
    r"\$2[abxy]?\$[0-9]",
)
_SHORTEST = 16
_BEFORE = r"(?:^|[^0-9A-Za-z_])"
# Documentation: nobody draws eight equal characters or counts up.
_PLACEHOLDER = (
    r"(?i)example|x{8}|0{8}|1{8}|a{8}|\.{3}|placeholder|redacted|changeme|your[_-]|12345678|abcdefgh"
    r"|:(?:\*+|x+|password|passwd|pass|pwd|secret|\$\{?\w+\}?|%s|\{\w*\})@"
    r"|@(?:localhost|127\.0\.0\.1|\[::1\])(?:$|[:/?])|@[^/:?]*\.(?:test|invalid|localhost)(?:$|[:/?])"
)


def count_tokens(frame: pl.DataFrame, name: str = "") -> dict[str, int]:
    """Rows with keys and the like, by kind; a row counts once for each.

    Args:
        frame: Texts `v`, the rows `n` that have each.
        name: Words of the column's name.
    """
    some = frame.filter(pl.col("v").str.len_bytes() >= _SHORTEST)
    some = some.filter(pl.col("v").str.contains_any(list(LITERALS)))
    found: dict[str, int] = {}
    if some.height == 0:
        return found
    for form in _FORMS:
        pattern = f"{_BEFORE}({form.pattern})" if form.pattern[0] not in r"\-" else f"({form.pattern})"
        likely = some.filter(pl.col("v").str.contains_any(list(form.literals)))
        if form.beside and not re.search(form.beside, name, re.IGNORECASE):
            likely = matching(likely, rf"(?i){form.beside}")
        likely = matching(likely, pattern)
        if likely.height == 0:
            continue
        parts = pieces(likely, pattern).filter(~pl.col("v").str.contains(_PLACEHOLDER))
        if parts.height:
            found[form.kind] = found.get(form.kind, 0) + rows_of(parts)
    return found
