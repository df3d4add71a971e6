"""Words for what people do and hold: roles and trades that a column of somebody's name is called by, and what a person
owes or owns. The same notation as `lexicon.py`; data, no logic.
"""

from __future__ import annotations

from testdata_assets.masking.discovery.lexicon import words_of

STRONG: dict[str, str] = {
    "gender": "anr_kz anr_schl genere anredeform anrede_kz civilite_code civ",
    "demographic": """bekenntnis burg_staat burgerlijke_staat staatsang* fam_stand famstand nationality_code
        nationality_cd nac_iso nac_iso2 nac_iso3 nac_pais pais_nac union_member union_membership union_dues
        union_fee trade_union* syndicat* sindacat* sindicat* gewerkschafts* vakbond* pep is_pep naturalidade
        estado_civil_id staatsb* erstsprache muttersprache mother_tongue native_language first_language
        lengua_materna langue_maternelle moedertaal dependents dependants number_of_children anzahl_kinder
        num_hijos kinderzahl ermaessigung_grund ermassigung_grund natio natio_code proced procedencia
        ht_cm ht_in hair_col hair_color hair_colour eye_col eye_color eye_colour haarfarbe augenfarbe""",
    "health": """contraindic* kontraindik* gestation* gestazione gestacion* gestacao schwanger*
        zwangerschap* dsa pregnan* anticoag* meds dx alcohol* smok* tobacco* handisport* aptitude_med poids poids_kg
        pesee med_history medical* certif_med* anamnes* disabled_person tx_plan med_cert* med_class fit_note
        sick_note sick_days sickness* krankmeldung* krankheit* fehltage_krank arbeitsunfahig* pflegegrad
        pflegestufe gdb grad_der_behinderung insurance_class allergene* intolerance* medisch* medizin*
        barrierefrei* obra_social krankenkasse* ziektekost* zorgverzeker* health_insur* mutuelle
        algs alg allerg pregnancy accessibility_needs special_needs besondere_bedurfnisse besondere_beduerfnisse""",
    "biometric": "face_score score_face *facial embedding_facial voiceprint voice_print iris_code palm_print",
    "financial": """woz_waarde kirchgeld* kirchensteuer* eigen_bijdrage loonschaal salarisschaal pay_scale
        pay_grade overdraft* dispokredit kontostand loan_amount loan_balance darlehen* emprestimo* prestamo*
        hypothek* hipoteca* mortgage* lening leningen mietschulden mietruckstand mietrueckstand ruckstand
        rueckstand quotient_fam arrears amount_owed amount_due_by_customer impayes arriere_loyer unterhalt
        alimony child_support pensione* rente_betrag taux_endettement krediet* kreditscore credit_scor*
        honorar* wsnp hoofdsom incasso* schuldsaldo openstaand* gebuehren_offen gebuhren_offen
        offener_betrag offene_posten saldo_cuenta deuda* dette dettes debito_pendiente""",
    "city": """mpio municip otl ortsteil comune_nasc luogo_nasc lugar_nac local_nasc ne_a nee_a postdistrikt
        cidade_natal ciudad_natal""",
    "birth_date": """gebjahr geburtsjahr* geboortejaar* annee_naissance ano_nacimiento ano_nasc anno_nascita
        birth_year yob""",
    "username": "bearb_kz bearb_kuerzel sachb_kz",
    "customer_id": """ff_nbr ff_no ff_number ffp_no ffp_number nr_karty loyalty_card* club_card_no
        member_card_no patient_no patient_number chart_no chart_number nhs_no mrn mieternr mieternummer mitgliedsnr""",
}

WEAK: dict[str, str] = {
    "person_name": """planner speaker reviewer checker dispatcher courier picker packer cashier teller surveyor
        assessor adjuster valuer examiner invigilator lecturer mentor counsellor counselor advisor adviser broker
        solicitor attorney lawyer barrister paralegal notary magistrate registrar bailiff prosecutor
        investigator detective pilot copilot steward stewardess waiter waitress bartender barber hairdresser
        stylist beautician masseur physio physiotherapist dentist hygienist surgeon radiologist pharmacist
        midwife carer caregiver caretaker janitor cleaner housekeeper gardener plumber electrician
        technician foreman fitter mechanic installer landlord landlady lessor lessee renter occupant
        occupier neighbour neighbor keyholder signatory signer endorser payee payer heir executor trustee
        guardian godfather godmother celebrant priest pastor vicar deacon organist choirmaster referee
        umpire linesman captain goalkeeper producer director editor writer composer performer artist
        photographer translator interpreter narrator moderator commenter inviter invitee referrer recruiter
        interviewer hiring_manager line_manager reports_to lead_of team_lead point_of_contact
        account_manager account_exec salesperson sales_rep salesrep rep practitioner clinician ansprechp
        provider_seen seen_by treated_by planer sprecher prufer pruefer gutachter sachverstandiger notar
        anwalt rechtsanwalt richter staatsanwalt gerichtsvollzieher hausmeister hausverwalter verwalter
        vermieter mieter pachter verpachter handwerker monteur techniker disponent verkaufer einkaufer
        berater vermittler makler zeuge burge bevollmachtigter vollmachtgeber erblasser erbe pfarrer kaplan
        diakon zelebrant kuster taufpate pate trauzeuge ubungsleiter schiedsrichter kassenwart schriftfuhrer
        behandler therapeut zahnarzt pfleger krankenschwester hebamme apotheker vorgesetzter magistrat
        greffier avocat avocat_* notaire huissier juge procureur temoin bailleur locataire gerant syndic
        gardien proprietaire coursier livreur chauffeur transporteur vendeur acheteur conseiller courtier
        redacteur verificateur valideur signataire encadrant entraineur arbitre licencie tresorier
        secretaire pretre celebrant parrain marraine kine infirmier infirmiere dentiste chirurgien
        pharmacien soignant formateur animateur recepcionista terapeuta gobernanta camarera camarero
        repartidor mensajero vendedor comprador asesor abogado notario juez perito testigo inquilino
        arrendador arrendatario propietario casero portero entrenador tesorero sacerdote padrino madrina
        enfermero enfermera dentista cirujano farmaceutico motorista entregador corretor advogado tabeliao
        juiz testemunha locador locatario proprietario zelador treinador enfermeiro atendente venditore
        acquirente avvocato notaio giudice testimone locatore allenatore autista corriere infermiere
        chirurgo farmacista magazziniere bezorger verkoper inkoper adviseur advocaat notaris rechter getuige
        huurder verhuurder eigenaar beheerder scheidsrechter tandarts verpleegkundige chauffor sjafor
        saelger""",
    "financial": """limite limiet limite_* saldo_* balance_* principal_amount principal outstanding
        credit_line credit_score montant_pret net_du reste_du restant restant_du openst pend pendiente
        borg borgsom kaution fianza deposit_paid deposit_held boete multa sanzione sanz sancion bussgeld
        busse amende penalty""",
    "username": "till_user *_user kasse_user wer wie quien chi sachb",
    "demographic": """shoe_uk shoe_eu shoe_us shoe_sz chest_in chest_cm waist_in waist_cm inseam inside_leg
        konfektion* schuhgroesse schuhgrosse schoenmaat kledingmaat
        pointure talla taglia""",
    "device_id": "dispositivo dispositivo_* geraet appareil aparelho apparaat",
}

_PLURALS = ("", "s", "es", "n", "en", "e")
PERSON_TABLES = words_of(
    "familia familias familie familien famille familles family families household households"
) + tuple(
    role + plural for role in words_of(WEAK["person_name"]) if "_" not in role and len(role) > 3 for plural in _PLURALS
)

# Numbers called so are a person's standing with a firm, not the price of something.
STANDING = frozenset(
    words_of("""balance saldo solde limite limiet credit credito kredit principal outstanding score arrears owed
        du openst pend pendiente restant borg borgsom kaution fianza deposit boete multa sanzione sanz sancion bussgeld
        busse amende penalty""")
)
# At the end of a number's name: it is no amount of money.
MEASURES = frozenset(
    words_of("kg g mg t lb lbs oz m km cm mm l ml qm sqm m2 m3 kwh w kw kb mb gb pct percent days hours")
)
# At the end of an amount's name: in what it is counted.
CURRENCIES = frozenset(
    words_of("""eur euro euros usd gbp chf sek nok dkk pln czk huf ron brl mxn ars cop clp jpy inr cents
        cent pence centavos centimes centimos ore""")
)
