"""What values of special categories are called: illnesses, faiths, origins, family states, blood groups.

Stems in several languages, without accents, in lower case. A value counts where one of its words begins with a stem;
a column, where several of its values do. Data and one function.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from testdata_assets.masking.discovery.echoes import folded
from testdata_assets.masking.discovery.lexicon import words_of

_LEAST_SHARE = 0.25

STEMS: dict[str, tuple[str, ...]] = {
    "health": words_of(
        """hiv aids cancer carcino krebs tumor tumour diabet hypertens hypertonie asthm depress anxiet angststorung
        migran migraine pregnan schwanger enceinte grossesse embaraz gravid maternit maternid mutterschutz maladie
        krankheit krankgeschrieben erkrank arbeitsunfahig sickness illness enfermedad malattia doenca ziekte choroba
        sykdom sjukdom disabil handicap behinder discapac invalidit allerg hepatit covid chemo dialys rehabilit
        addict psychi schizo bipolar epilep dement alzheim parkinson stroke infarct bronch pneumon fractur arthrit
        rheuma lumbalg burnout abortion miscarr insulin pacemaker ansiedad insomni obesit adipos anorex bulimi
        tubercul leukem leukam lymphom melanom sclerosis sklerose herniat hernie hospitali arbeitsunfall wheelchair
        pain schmerz douleur dolor dolore overdos antenatal prenatal appendic injur verletz fever fieber suicid
        penicillin lactose laktose gluten coeliac celiac zoliakie"""
    ),
    "demographic": words_of(
        """catholic katholisch kath catholique catolic cattolic protestant evangelisch luther muslim musulman moslem
        islam jewish judisch juif judio ebre hindu buddhis sikh orthodox anglican baptist methodist atheis
        konfessionslos caucasian hispanic latino latina asian african aboriginal mestiz
        married verheirat marie mariee casad coniugat sposat gehuwd zonat divorced geschieden divorc gescheiden
        widow verwitwet veuf veuve viud vedov weduw celibataire solter celibe nubile ongehuwd ledig pacse cohabit"""
    ),
}
_BLOOD = re.compile(r"(?:AB|A|B|0|O)\s?(?:rh)?\s?(?:[+-]|pos(?:itive?)?|neg(?:ative?)?)(?:ve)?", re.IGNORECASE)
_WORD = re.compile(r"[^\W\d_]+")


def sensitive_category(values: Sequence[str], least: int = 2) -> str | None:
    """The special category that several of some distinct values belong to.

    Args:
        values: Distinct ones.
        least: How many must be called like it.
    """
    if not values:
        return None
    if sum(_BLOOD.fullmatch(value) is not None for value in values) >= max(least, 0.7 * len(values)):
        return "health"
    for category, stems in STEMS.items():
        hits = sum(any(word.startswith(stems) for word in _WORD.findall(folded(value))) for value in values)
        if hits >= least and (least == 1 or hits >= _LEAST_SHARE * len(values)):
            return category
    return None
