"""The words that columns and tables are named with, by what they mean, in seven languages. Data, no logic.

Words stand without accents, in lower case; `_` joins words of a phrase (found together or run together:
`first_name` is also `firstname`). A `*` at an end of a word makes it a stem that compounds may continue
(`*strasse` is also `Hauptstrasse`, `telefon*` also `Telefonnummer`).

Strong words say a category alone. Weak words need a table or values that agree.
"""

from __future__ import annotations


def words_of(text: str) -> tuple[str, ...]:
    """A text's words."""
    return tuple(text.split())


# English, German, French, Spanish, Italian, Portuguese and Dutch side by side, most telling category first.
STRONG: dict[str, str] = {
    "email": """email_address email_addr email_id email e_mail emails mail_address email* *email mailaddress
        mailadresse emailadresse courriel mel
        adresse_mail correo correo_electronico posta_elettronica indirizzo_email indirizzo_mail e_mailadres emailadres
        mailadres mailto""",
    "secret": """password passwd pwd pass passwort* kennwort* mot_de_passe mdp motdepasse contrasena contrasenia
        clave_acceso
        parola_chiave senha palavra_passe wachtwoord* passphrase pass_hash passhash pw_hash pwhash pw secret* *secret
        api_key apikey api_keys access_key private_key privkey client_secret secret_key signing_key encryption_key
        token*
        *token tokens session_key session_id sessionid sid cookie* *cookie csrf nonce otp otp_* totp* puk pin_block
        mfa_seed mfa_secret
        two_factor_* recovery_code* backup_code* security_answer* security_question* secret_answer sicherheitsantwort
        pin pin_code pin_hash pincode_hash cvv cvc cvv2 card_code salt password_salt bearer credentials credential jwt
        oauth_*
        webhook_key license_key licence_key activation_code verification_code reset_code magic_link authorization
        private_pem ssh_key public_ssh_key auth_key key_hash jeton cle_api clave_api chiave_api""",
    "phone": """phone phone* *phone phones telephone tel telefon* *telefon handy handynr handynummer mobile mobil
        mobilnummer
        mobilfunk* mobile_no cell cellular cellphone gsm fax fax* telefax fax_no portable telefono* *telefono movil
        celular
        cellulare cel telemovel telefoon* *telefoon mobiel mobieltje whatsapp msisdn landline rufnummer* rufnr durchwahl
        dialin contact_number contact_no contactnumber caller_number callback_number numero_telephone num_tel no_telp
        ph ph_no mob mob_no tlf tfno tfn telf emergency_number sms_number viber signal_number""",
    "iban": """iban iban* *iban""",
    "bic": """bic swift swift_code bic_code swift_bic""",
    "credit_card": """credit_card creditcard credit_card_number card_number cardnumber card_no cardno card_num
        cc_number ccnum cc_num
        cc_no pan kreditkarte* kartennummer karten_nr kartennr numero_carte carte_bancaire carte_credit numero_tarjeta
        tarjeta_credito tarjeta num_tarjeta carta_credito numero_carta cartao cartao_credito numero_cartao kaartnummer
        creditcardnummer debit_card""",
    "account_number": """account_number account_no accountnumber acct_no acct_num acctno acct_number bank_account
        bank_account_no
        bankaccount kontonummer kontonr konto_nr numero_compte compte_bancaire numero_cuenta cuenta_bancaria num_cuenta
        cuenta_corriente clabe conto_corrente numero_conto conta_bancaria numero_conta conta_corrente rekeningnummer
        rekening_nr rib routing_and_account sort_code sortcode routing_number routing_no bankleitzahl blz aba""",
    "national_id": """ssn social_security* social_security_number national_id national_identity* nationalid
        national_number
        national_insurance* nino ni_number identity_number identity_card* id_number id_card* idcard personal_number
        personnummer personal_id personal_code person_number pesel cnp rodne_cislo sozialversicherung* sv_nummer svnr
        sv_nr
        versicherungsnummer versichertennummer krankenversicherungsnummer kvnr rentenversicherungsnummer rvnr
        personalausweis* ausweisnummer ausweis_nr ausweis nir numero_secu securite_sociale numero_ss num_secu nss insee
        dni nie nif_nie dni_nie cedula curp seguridad_social numero_seguridad_social documento_identidad codice_fiscale
        codfisc codicefiscale cod_fiscale cf carta_identita cpf rg bi_numero cartao_cidadao niss bsn burgerservicenummer
        sofinummer sofi rijksregisternummer insz aadhaar aadhar emirates_id nric hkid nhs_number nhs_no nhsnumber
        medicare*
        medicaid* health_card* health_insurance_number insurance_number insurance_no citizen_id citizen_number
        residence_permit* visa_number voter_id green_card ahv_nummer ahv_nr ahv avs_nummer oib jmbg egn isikukood
        henkilotunnus
        hetu kennitala cpr cpr_nummer fodselsnummer birth_number government_id gov_id govt_id matriculation_number
        document_number documento documento_numero numero_documento num_documento doc_number id_document* ssn_*""",
    "tax_id": """tax_id taxid tax_number tax_no taxnumber tin tin_number itin ein vat vat_id vat_number vat_no
        vatnumber vatin
        steuernummer steuer_nr steuernr steuer_id steuerid steueridentifikationsnummer steuer* ust_id ustid ustidnr
        uid_nummer
        numero_tva tva_intra numero_fiscal siren siret nif cif rfc rut cuit cuil ruc partita_iva piva p_iva codice_iva
        cnpj contribuinte btw_nummer btwnummer btw_nr kvk_nummer kvk pan_card pan_number gstin abn tax_file_number tfn
        utr npwp""",
    "passport": """passport* passnummer pass_nr passnr reisepass* passeport* numero_passeport pasaporte* passaporto*
        passaporte* paspoort* travel_document*""",
    "driving_licence": """driving_licence* driving_license* driver_licence* driver_license* drivers_license*
        drivers_licence*
        driverlicense* dl_number dl_no license_no licence_no fuhrerschein* fuehrerschein* permis_conduire numero_permis
        permiso_conducir carnet_conducir licencia_conducir patente_guida numero_patente carta_conducao cnh
        rijbewijs*""",
    "licence_plate": """licence_plate* license_plate* licenceplate licenseplate plate plate_number plate_no number_plate
        numberplate reg_plate registration_plate vehicle_registration kennzeichen* kfz_kennzeichen plaque
        plaque_immatriculation immatriculation placa matricula_vehiculo targa matricula_carro kenteken* vin vin_number
        chassis_number fahrgestellnummer fin_nummer numero_bastidor telaio""",
    "first_name": """first_name firstname fname given_name givenname forename forenames christian_name first_nm
        vorname* *vorname
        rufname prenom* prenoms nombre_pila primer_nombre segundo_nombre nome_proprio primeiro_nome voornaam* roepnaam
        middle_name middlename mname middle_initial second_name middle zweitname preferred_name known_as call_name
        f_name
        name_first initials initialen iniciales initiales iniziali voorletters""",
    "last_name": """last_name lastname lname surname surnames family_name familyname last_nm sur_name nachname*
        *nachname
        familienname* zuname geburtsname maiden_name maidenname birth_name nom_famille nom_naissance nom_jeune_fille
        apellido* primer_apellido segundo_apellido apellido_paterno apellido_materno cognome* sobrenome* apelido
        ultimo_nome
        achternaam* familienaam geboortenaam tussenvoegsel mothers_maiden* l_name name_last""",
    "person_name": """full_name fullname person_name display_name displayname legal_name real_name complete_name
        customer_name
        client_name user_full_name patient_name employee_name contact_name contact_person contactperson
        contact_full_name
        recipient recipient_name receiver_name sender_name addressee payee payee_name payer_name beneficiary
        beneficiary_name holder account_holder cardholder card_holder cardholder_name card_name name_on_card holder_name
        next_of_kin emergency_contact emergency_contact_name guardian guardian_name parent_name mother_name father_name
        mothers_name fathers_name spouse spouse_name partner_name child_name doctor_name physician physician_name
        surgeon teacher_name instructor_name author_name owner_name manager_name member_name guest_name passenger
        passenger_name driver_name tenant_name landlord_name applicant applicant_name witness witness_name signatory
        signed_by signer signer_name insured_name policyholder policy_holder donor_name agent_name rep_name sales_rep
        subscriber_name student_name nominee nominee_name attendee attendee_name visitor_name buyer_name seller_name
        ship_name ship_to_name bill_to_name billing_name shipping_name delivery_name consignee reviewer_name
        vollstandiger_name vollername kundenname kontoinhaber* karteninhaber* ansprechpartner* empfaenger* empfanger*
        auftraggeber absender mitarbeitername patientenname inhaber* nom_complet nom_prenom nom_client nom_titulaire
        titulaire destinataire beneficiaire interlocuteur nom_contact nom_patient nombre_completo nombre_cliente
        nombre_titular titular destinatario nombre_contacto persona_contacto beneficiario nombre_apellidos
        nombre_y_apellidos
        nombres nome_completo nominativo intestatario nome_cliente nome_cognome referente titolare nome_titular
        nome_contacto nome_paciente responsavel contactpersoon volledige_naam naam_klant klantnaam ontvanger*
        rekeninghouder kaarthouder naam_patient anzeigename debitor_name glaubiger debtor_name creditor_name
        ordering_customer counterparty_name maiden nick_real  attending_physician
        referring_physician primary_contact tutor_name encargado apoderado""",
    "username": """username user_name usernames login login_name loginname user_login nickname nick screen_name
        screenname
        handle twitter* instagram* facebook* skype* telegram* discord* github* linkedin* social_handle benutzername*
        nutzername
        anmeldename benutzerkennung pseudo nom_utilisateur identifiant usuario nombre_usuario nome_utente utente
        nome_usuario gebruikersnaam* inlognaam user_handle account_name gamertag samaccountname upn user_principal_name
        xing mastodon tiktok slack_handle logname alias_name""",
    "birth_date": """birth_date birthdate date_of_birth dateofbirth dob birthday birth_day birth_dt birth_year
        year_of_birth
        yob birth_month geburtsdatum geburtstag geb_datum gebdat gebdatum geburtsjahr geburts* date_naissance naissance
        annee_naissance fecha_nacimiento nacimiento fec_nac fecha_nac f_nacimiento data_nascita nascita data_di_nascita
        data_nascimento nascimento dt_nasc dt_nascimento geboortedatum geboortejaar gebdat born born_on born_at
        date_of_death death_date deceased_on sterbedatum date_deces fecha_defuncion overlijdensdatum""",
    "full_address": """address full_address postal_address mailing_address home_address billing_address shipping_address
        delivery_address residential_address permanent_address current_address postal_addr addr address_text
        formatted_address address_full addresses work_address anschrift* *anschrift adresse* *adresse
        lieferadresse rechnungsadresse adresse_complete adresse_postale adresse_livraison adresse_facturation direccion*
        domicilio* direccion_completa direccion_envio indirizzo* residenza indirizzo_completo endereco* morada* adres
        woonadres postadres bezorgadres factuuradres domicile residence ship_to bill_to ship_address bill_address
        birth_place place_of_birth birthplace geburtsort lieu_naissance lugar_nacimiento luogo_nascita
        local_nascimento naturalidade geboorteplaats""",
    "street_address": """street street* *street street_address streetname street_name street_no street_number
        house_number
        house_no housenumber address_line* addressline* address1 address2 address_1 address_2 address3 address_3 addr1
        addr2
        addr_1 addr_2 addr_line* line1 line2 line_1 line_2 strasse* *strasse str hausnummer* hausnr haus_nr
        strassenname rue
        numero_rue voie ligne_adresse complement_adresse calle* numero_calle domicilio_calle via_indirizzo numero_civico
        civico rua logradouro numero_porta complemento straat* huisnummer* toevoeging apartment apartment_no apt apt_no
        apt_number flat_no suite unit_number building_number po_box postfach pobox adresszusatz colonia bairro""",
    "postcode": """postcode post_code postal_code postalcode zip zip_code zipcode zip5 zip4 plz *plz postleitzahl*
        code_postal
        codepostal cp codigo_postal cod_postal cap codice_postale cep cod_cep postcodes pin_code_postal pincode
        postnummer eircode""",
    "city": """wohnort city city_name town town_name stadt ort ortsname wohnort_name gemeinde ville commune localite
        ciudad
        poblacion localidad municipio citta comune localita cidade localidade concelho freguesia stad plaats plaatsnaam
        woonplaats gemeente suburb village hometown home_town birth_city""",
    "ip": """ip ip_address ipaddress ip_addr ipaddr ipv4 ipv6 ip_v4 ip_v6 client_ip remote_ip remote_addr source_ip
        src_ip
        login_ip last_ip user_ip x_forwarded_for host_ip peer_ip adresse_ip direccion_ip indirizzo_ip endereco_ip
        ip_adresse
        ip_adres last_login_ip signup_ip registration_ip *ip_address""",
    "mac": """mac mac_address macaddress mac_addr hwaddr hw_address bssid ethernet_address adresse_mac""",
    "user_agent": """user_agent useragent ua browser_agent http_user_agent browser_string""",
    "device_id": """device_id deviceid device_identifier device_serial device_fingerprint fingerprint_id imei
        imei_number
        imsi iccid sim_number idfa gaid aaid advertising_id advertiser_id android_id udid device_token push_token
        browser_fingerprint visitor_id installation_id hardware_id serial_no_device""",
    "lat_lon": """latitude longitude lat lon lng long latitud longitud latitudine longitudine breitengrad lengtegraad
        laengengrad langengrad breedtegraad lat_lon lat_lng latlng latlon geo geo_location geolocation gps gps_*
        coordinates coords coordinate geopoint geo_point home_location koordinaten coordonnees coordenadas
        coordinate_gps
        last_known_location geo_lat geo_lon geo_lng""",
    "financial": """salary salaries wage wages salary* *salary income annual_income monthly_income net_worth gehalt*
        *gehalt
        lohn lohn* einkommen* bruttolohn nettolohn jahresgehalt grundgehalt vergutung verguetung salaire* revenu revenus
        remuneration traitement salario* sueldo* ingresos renta nomina stipendio* reddito retribuzione salario_base
        vencimento rendimento salaris*
        loon inkomen bonus commission_pct bonus_amount compensation credit_score credit_rating fico schufa*
        scoring_value
        account_balance net_income gross_income gross_pay net_pay hourly_rate pay_rate base_pay pay_grade_amount
        payroll* payslip* payslips lohnabrechnung* gehaltsabrechnung* nominas busta_paga cedolino bulletin_paie
        uitkering* loonstrook* bezuege besoldung pension tax_withheld debt debts outstanding_debt vermogen_eur""",
    "health": """diagnosis diagnoses diagnosis_code diagnostic icd10 icd_10 icd_code icd symptom symptoms allergy
        allergies
        medication medications prescription prescriptions treatment_plan medical_history medical_condition medical_notes
        conditions chronic_conditions blood_type blood_group bloodtype disability disabilities illness disease
        lab_result test_result lab_results vaccination* immunization* hiv_status pregnancy* mental_health
        diagnose* *diagnose befund befunde allergie* krankheit* medikament* blutgruppe* behinderung* *behindert
        *behinderung handicape invalidite discapacidad* deficiencia disabilita invalidita invaliditeit
        anamnese symptome therapie behandlung diagnostico alergia* enfermedad* grupo_sanguineo medicamento* sintomas
        diagnosi patologia* allergia* gruppo_sanguigno farmaco farmaci maladie* groupe_sanguin antecedents
        traitement_medical
        doenca alergias ziekte medicatie bloedgroep aandoening handicap *diagnosis clinical_notes vitals bmi weight_kg
        height_cm body_weight smoker health_status special_needs dietary_requirements dietary_needs""",
    "demographic": """ethnic ethnic* situation_familiale situation_de_famille sit_fam sitfam
        religion religious_affiliation faith konfession ethnicity ethnic_group race racial nationality
        nationalitat nationalitaet nationalite nacionalidad nazionalita cittadinanza nacionalidade staatsangehorigkeit
        staatsangehoerigkeit nationaliteit citizenship sexual_orientation orientation political_party
        political_affiliation political_opinion union_member trade_union gewerkschaft* marital_status maritalstatus
        familienstand etat_civil estado_civil stato_civile burgerlijke_staat mother_tongue native_language caste
        criminal_record convictions conviction immigration_status veteran_status party_affiliation religione
        religione_id""",
    "gender": """gender sex geschlecht genre sexe sexo genero sesso geslacht gender_code sex_code pronouns salutation
        anrede
        civilite tratamiento titolo_persona aanhef honorific name_prefix""",
    "biometric": """photo photograph photo_* portrait selfie avatar avatar_* profile_picture profile_image profile_pic
        profile_photo
        headshot face_* biometric* fingerprint* *fingerprint iris_scan voice_print voiceprint retina signature_image
        signature
        unterschrift* passfoto foto lichtbild image_face dna dna_* genome* pasfoto handtekening firma_digitale""",
    "customer_id": """customer_number customer_no customerno cust_no customer_code member_number member_no
        membership_number
        membership_no patient_number patient_no mrn medical_record_number medical_record_no record_number chart_number
        employee_number employee_no employee_code emp_no empno staff_number staff_no personnel_number student_number
        student_no
        student_code matrikelnummer matrikelnr matrikel_nr kundennummer kundennr kunden_nr personalnummer personalnr
        mitgliedsnummer mitgliedsnr patientennummer patientennr fallnummer numero_client numclient code_client
        matricule numero_adherent num_client numero_cliente num_cliente codigo_cliente numero_empleado numero_socio
        legajo expediente numero_expediente codice_cliente numero_tessera numero_matricola codigo_aluno klantnummer
        klantnr personeelsnummer lidnummer policy_number policy_no policynumber insurance_policy* loyalty_number
        loyalty_card* frequent_flyer* badge_number badge_no library_card* subscriber_number subscriber_id
        vertragsnummer versicherungsschein* policennummer numero_poliza poliza numero_polizza numero_police meter_number
        zahlernummer zaehlernummer orcid case_number docket_number npi license_number licence_number registration_number
        medical_license*""",
    "company": """company company_name companyname organisation organization organisation_name organization_name
        org_name
        employer employer_name business_name firm firm_name trading_name firma firmenname firmenbezeichnung unternehmen
        unternehmensname arbeitgeber* societe raison_sociale entreprise nom_entreprise employeur empresa nombre_empresa
        razon_social empleador azienda ragione_sociale ditta nome_azienda datore_lavoro nome_empresa razao_social
        empregador bedrijf bedrijfsnaam werkgever* billing_company ship_company""",
    "job_title": """job_title jobtitle position occupation profession job berufsbezeichnung beruf stellenbezeichnung
        poste metier fonction_poste cargo puesto ocupacion profesion mansione professione qualifica profissao beroep
        functie functietitel designation job_role""",
    "url": """website web_site homepage home_page personal_url profile_url webseite internetseite site_web sitio_web
        pagina_web sito_web sito site blog_url callback_url redirect_uri web_url referrer referer referrer_url
        landing_page avatar_url picture_url photo_url url *_url uri urls link""",
    "region": """state_province province county region bundesland landkreis kanton departement comunidad_autonoma
        provincia
        regione distrito district estado_provincia provincie prefecture state_name""",
    "free_text": """note notes note_* comment comments remark remarks description descr desc message messages msg body
        content
        text bio biography about about_me feedback memo reason narrative summary details freetext free_text complaint
        review
        review_text reply answer answers question transcript caption statement observation observations instructions
        bemerkung* kommentar* notiz* notizen beschreibung* nachricht* betreff anmerkung* verwendungszweck freitext
        hinweis* begrundung begruendung commentaire* remarque* observacion* comentario* mensaje* descripcion* nota notas
        motivo texto commento commenti messaggio osservazioni descrizione observacoes observacao mensagem descricao
        comentarios opmerking* notitie* bericht omschrijving* toelichting beschrijving subject payload raw_text
        internal_notes admin_notes special_instructions delivery_instructions log_message error_message stack_trace
        search_query query_text search_term search_terms last_search chat_text justification rationale findings
        recommendation cover_letter resume resume_text cv cv_text lebenslauf story anmerkungen incident_report
        narrative_text purpose payment_reference remittance_info objet libelle concepto causale zugehorige_notiz""",
}

# Words that hint at a category only where the table is about people, or the values agree.
WEAK: dict[str, str] = {
    "person_name": """who whom by_whom analyst clerk handler attendant receptionist
        verantwortlich verantwortlicher responsable responsabile encargado zustandig betreuer ersteller qui quien
        name names contact owner author creator manager driver sender receiver customer client patient
        employee
        teacher student guest doctor tutor agent user person member tenant buyer seller reporter assignee
        requester requestor approver approved_by created_by updated_by modified_by changed_by entered_by deleted_by
        assigned_to reported_by handled_by submitted_by verified_by reviewed_by performed_by booked_by ordered_by attn
        supervisor representative coach trainer judge officer nurse therapist plaintiff defendant suspect victim actor
        applicant antragsteller demandeur solicitante richiedente requerente aanvrager behandelaar gestionnaire
        vertretung
        vertreter vervanger suppleant suplente sostituto leiter leider chef jefe capo chefe donor spender donateur
        donante
        donatore doador melder bearbeiter sachbearbeiter erstellt_von geandert_von verfasser kunde nom nombre nome
        naam auteur autor autore
        cliente medico medecin arzt behandelnder_arzt klant vertegenwoordiger conductor empleado alumno profesor
        professeur
        lehrer schuler elternteil tuteur actor_name changed_user operator""",
    "first_name": "first given prename",
    "last_name": "last family apellidos",
    "email": "mail mails correo_e contact_info kontakt reply_to cc bcc sender_address to_address from_address",
    "phone": "number_called caller callee dialed contact_details",
    "username": "user alias account_login usr user_code uid mention screen",
    "birth_date": "birth geb geburt nascita naissance dod",
    "city": "place location lugar lieu luogo standort municipality locality",
    "national_id": """document_no identification identification_number identifier_value id_no idno id_value id_code
    ausweis_id""",
    "url": "picture image image_url photo_link file_url document_url attachment_url",
    "lat_lon": "position_point geom geography location point the_geom x_coord y_coord",
    "financial": """brutto netto brut gross net bruto lordo liquido balance saldo solde net_balance limit_amount
    credit_limit kreditlimit rate_of_pay""",
    "customer_id": """external_id external_ref reference_no user_number client_number client_code account_id_external
        person_code user_ref customer_ref""",
    "demographic": "age alter edad eta idade leeftijd ethnie",
    "company": "supplier vendor lieferant fournisseur proveedor fornitore fornecedor leverancier merchant",
    "free_text": "title subject_line value data info extra other misc entry detail topic",
    "account_number": "account konto compte cuenta conto conta rekening",
    "job_title": "title role rol ruolo",
    "device_id": "device serial serial_number",
    "region": "state bezirk",
}

# Words that name what a value says about things rather than people: kept unless the values say otherwise.
NEUTRAL = words_of("""status state_code stage phase type typ types kind category categories kategorie categorie
    categoria level tier plan priority severity
    prioritat prioritaet rank ranking currency wahrung waehrung devise moneda valuta moeda language lang locale
    sprache langue idioma lingua taal
    country country_code land pays pais paese country_iso iso iso2 iso3 iso_code timezone time_zone tz zeitzone colour
    color farbe
    couleur size grosse groesse unit units einheit unite unidad version versions revision release build sku ean gtin
    upc isbn issn
    barcode slug code codes product_code artikelnummer artikel_nr item_code part_number partnumber model modell marke
    brand marca make
    manufacturer hersteller mime mime_type content_type media_type file_extension format encoding checksum md5 sha1
    sha256 etag
    digest file_hash content_hash commit_hash commit_sha sha git_sha block_hash method http_method verb operation op
    action event event_type event_name topic queue channel source medium
    campaign utm_* protocol scheme environment env module component feature flag flags mode setting setting_key
    config_key
    schema namespace bucket table_name column_name class_name job_name task_name queue_name index_name department
    abteilung
    dept division department_name team sector industry branche genre genres rating grade subject_code course course_name
    semester term payment_method payment_type zahlungsart shipping_method carrier gateway provider provider_name os
    platform browser device_type device_os os_version app_version result outcome resolution frequency interval period
    recurrence
    icon theme layout template variant edition tag tags keywords keyword label labels permission permissions role_name
    weekday month day quarter season year symbol ticker asset instrument exchange mcc aisle shelf bin gate terminal
    runway aircraft vehicle_type fuel fuel_type transmission material flavour flavor ingredient species breed genus
    status_code error_code response_code cron schedule queue_status unit_code warengruppe zustand art estatus
    estado_pedido
    stato tipo tipologia soort moneda_codigo invoice_number invoice_no order_number order_no ordernumber order_ref
    rechnungsnummer rechnungsnr auftragsnummer bestellnummer numero_facture numero_commande numero_factura numero_pedido
    numero_fattura numero_ordine factuurnummer bestelnummer tracking_number tracking_no tracking shipment_no batch_no
    batch lot lot_number coupon coupon_code voucher promo_code discount_code ticket_number ticket_no po_number
    route queue_id reference referencia referenz riferimento hostname host server node migration script
    applied_by_version rental_rate currency_code exchange_code transaction_type account_type
    konto_typ kontoart card_type card_brand kartentyp blood_bank_code ward room raum zimmer floor etage wing seat
    room_number
    sku_code plan_name product_name product produkt produktname artikelname artikel producto nombre_producto prodotto
    produit
    product_title category_name genre_name film_title song album track playlist special_features
    frequency_code dosage_unit dose_unit unit_price_currency specialty fachgebiet specialism specialization
    especialidad speciality discipline
    curriculum major minor faculty fakultat degree degree_type qualification_level grade_level class klasse class_code
    issued_by made_by powered_by order_by sort_by group_by
    relationship relation verwandtschaft parentesco legal_form rechtsform""")

# Endings that say only how something is written down.
CARRIERS = frozenset(words_of("label labels tag slug caption short initials init sig kuerzel kurz"))
# Kinds of actors: values of columns that are named like somebody and yet tell nobody.
ACTORS = frozenset(
    words_of("""system admin administrator root auto automatic automatisch automatique automatico import importer export
    batch cron scheduler api web app mobile portal user users customer client guest agent manager employee staff member
    owner internal external intern extern yes no none null unknown n/a na - bot robot service daemon migration script
    job worker self other public private anonymous anonym anonyme anonimo default test tester demo phone mail email sms
    post fax letter chat online offline store shop branch partner vendor supplier seller buyer driver operator doctor
    nurse both either all any nobody team support sales billing finance hr it legal marketing ops parent child mother
    father spouse husband wife son daughter brother sister partner friend neighbour neighbor relative""")
)

# Heads that turn a personal word into something about it: phone_type, email_count, address_verified.
HEADS = frozenset(
    words_of("""type typ kind status state count cnt counter total number_of num amount enabled disabled verified
        verification
    confirmed valid validated flag active primary preferred opt optin opted consent template template_id format language
    lang locale version size length len limit max min position order index idx sort rank score level group category
    frequency interval at on ts timestamp date datetime time expiry expires expiration expires_at ttl color colour
    width height prefix suffix visibility visible public required allowed provider policy scheme algorithm algo
    method mode channel bounced bounce sent opened clicked delivered notifications notification enabled_at age_days
    domain country_code area_code countrycode code_type label anzahl aktiv gueltig art tipo sorte geprueft verificado
    verifie changes attempts retries scope scopes country pays land pais priority preference preferences""")
)
# Before a personal word these do the same.
OPENERS = frozenset(
    words_of("""is has have had can allow allows use uses num count total nb n cnt max min avg sum hide show send
    tipo type typ categoria categorie kategorie tipologia soort estado stato etat rodzaj""")
)
# Words at the end of a name that say nothing themselves: phone_number, email_value, name_2.
TAILS = frozenset(
    words_of("""no nr num number nummer numero numer value val text txt raw str string plain original orig old new
        current
    previous prev hash hashed enc encrypted crypt digest cipher masked display formatted normalized normalised lower
    upper full long short primary secondary main alt alternate alternative home work private business office
    personal mobile id""")
)
# Of dates and the like only these say something personal.
DATED = frozenset({"birth_date"})
# What data modellers shorten words to; `CUST_NM` is read as customer_name.
ABBREVIATIONS = {
    "nm": "name", "nme": "name", "nbr": "number", "nmbr": "number", "dt": "date", "cd": "code", "amt": "amount",
    "acct": "account", "acc": "account", "cust": "customer", "emp": "employee", "usr": "user", "pswd": "password",
    "psw": "password", "desc": "description", "dsc": "description", "typ": "type", "stat": "status", "ctry": "country",
    "cntry": "country", "lang": "language", "cnt": "count", "qty": "quantity", "ind": "flag", "flg": "flag",
    "ts": "timestamp", "tstamp": "timestamp", "org": "organisation", "cmpny": "company", "tlph": "telephone",
    "phn": "phone", "eml": "email", "strt": "street", "cty": "city", "lic": "license", "ins": "insurance",
    "pat": "patient", "phys": "physician", "addrs": "address", "adr": "address", "brth": "birth", "fst": "first",
    "frst": "first", "ln": "line", "hm": "home", "wrk": "work", "mob": "mobile", "pstl": "postal",
    "pax": "passenger", "grp": "group", "mgr": "manager", "mngr": "manager", "supv": "supervisor", "lst": "last",
    "agt": "agent", "insd": "insured", "clmt": "claimant", "ccy": "currency", "dvc": "device", "sess": "session",
    "ntnlty": "nationality", "natlty": "nationality", "emrg": "emergency", "emerg": "emergency", "rt": "rate",
    "rel": "relation", "vend": "vendor", "veh": "vehicle", "prtnr": "partner", "upd": "updated",
    "mid": "middle", "pers": "person", "mbr": "member", "clnt": "client", "cli":
    "cliente",
    "ctct": "contact", "gend": "gender", "natl": "national", "nat": "national", "soc": "social", "sec": "security",
    "diag": "diagnosis", "cmt": "comment", "cmnt": "comment", "cmts": "comments", "rmk": "remark", "rmks": "remarks",
    "msg": "message", "txt": "text", "hldr": "holder", "benef": "beneficiary", "sal": "salary", "bal": "balance",
    "hsno": "housenumber", "loc": "location", "fec": "fecha", "num": "number", "tfno": "telefono", "dir": "direccion",
}  # fmt: skip
# `created_by`, `erstellt_von`, `modifie_par`: somebody, whatever was done.
BY = frozenset(words_of("by von par por da door"))
NUMERIC = frozenset(
    {
        "phone", "national_id", "tax_id", "account_number", "credit_card", "postcode", "lat_lon", "financial",
    "birth_date",
        "secret", "passport", "customer_id", "health", "demographic", "ip", "driving_licence", "street_address",
        "device_id", "iban", "biometric",
    }
)  # fmt: skip

# Schemas and tables of what people are paid; amounts there are theirs.
PAY = words_of("""payroll payrolls payslip payslips salary salaries wage wages compensation remuneration
    pay slip slips hr hrm rh paie paye
    bulletin bulletins lohn lohne loehne gehalt gehaelter besoldung nomina nominas busta paghe cedolino cedolini
    loonstrook salaris salarissen folha pagamento wynagrodzenia wyplaty kadry place mzdy lon lonn palkka palkat""")
# Lists of codes that other tables refer to.
LOOKUPS = words_of("ref refs lookup lookups lkp lut codes codelist enum enums dictionary glossary dim")
# Tables of examinations.
EXAMINATIONS = words_of("""lab labs laboratory laboratoire laboratorio labor clinical pathology radiology screening
    screenings bloodwork assay assays befund befunde""")

# What a table is about.
PERSON_TABLES = words_of("""user users account accounts customer customers client clients person persons people patient
    patients employee employees
    staff member members contact contacts student students teacher teachers parent parents guardian guardians guest
    guests passenger passengers driver drivers doctor doctors physician physicians nurse nurses author authors
    applicant applicants
    candidate candidates subscriber subscribers lead leads profile profiles identity identities citizen citizens
    resident residents
    tenant_person voter voters donor donors beneficiary beneficiaries dependent dependents dependant dependants
    visitor visitors attendee
    attendees participant participants actor actors borrower borrowers holder holders individual individuals worker
    workers
    personnel instructor instructors lawyer lawyers witness witnesses prisoner suspect suspects taxpayer taxpayers owner
    owners agent agents next_of_kin emergency_contacts cardholder cardholders player players athlete athletes child
    children kid kids kinder enfant enfants hijo hijos figlio figli filho filhos kinderen dziecko dzieci barn
    kunde kunden benutzer nutzer mitarbeiter angestellte angestellter personal person personen patient patienten
    mitglied mitglieder
    schuler schueler lehrer arzt aerzte arzte ansprechpartner empfaenger bewerber buerger burger teilnehmer versicherter
    versicherte student studenten studierende dozent dozenten angehorige angehoerige eltern
    client clients utilisateur utilisateurs employe employes personne personnes patient patients eleve eleves etudiant
    etudiants enseignant enseignants medecin medecins adherent adherents salarie salaries citoyen abonne abonnes contact
    cliente clientes usuario usuarios empleado empleados persona personas paciente pacientes alumno alumnos profesor
    profesores
    medico medicos socio socios ciudadano ciudadanos trabajador trabajadores
    clienti utente utenti dipendente dipendenti persone paziente pazienti studente studenti insegnante insegnanti medici
    cittadino cittadini socio soci
    utilizador utilizadores funcionario funcionarios pessoa pessoas aluno alunos professor professores
    klant klanten gebruiker gebruikers medewerker medewerkers werknemer werknemers persoon personen patienten leerling
    leerlingen leraar docent docenten lid leden burgers inwoner inwoners""")
ORG_TABLES = words_of("""company companies organisation organisations organization organizations org orgs supplier
    suppliers vendor vendors
    employer employers business businesses merchant merchants partner partners firm firms tenant tenants workspace
    workspaces
    firma firmen unternehmen lieferant lieferanten arbeitgeber entreprise entreprises societe societes fournisseur
    fournisseurs empresa empresas proveedor proveedores azienda aziende fornitore fornitori fornecedor fornecedores
    bedrijf bedrijven leverancier leveranciers""")
THING_TABLES = words_of("""product products category categories item items country countries currency currencies
    language languages role roles
    permission permissions plan plans tag tags setting settings config configuration feature features film films movie
    movies
    book books course courses subject subjects department departments room rooms ward wards drug drugs medicine
    medicines warehouse warehouses store stores branch branches status statuses type types unit units brand brands
    model models
    vehicle_models template templates menu menus service services tariff tariffs station stations airport airports
    aircraft
    city cities state states region regions school schools hospital hospitals bank banks library libraries genre
    genres event_types coupon coupons promotion promotions campaign campaigns migration migrations schema_migrations
    job jobs queue queues project projects team teams class classes asset_types inventory sku skus article articles
    parts part equipment asset assets material materials ingredient ingredients recipe recipes test_types procedure
    procedures icd_codes diagnosis_codes specialty specialties faculty faculties exam exams offence_types agency
    agencies
    office offices insurance_plans rate_plans meter_types network networks tower towers plan_features pipeline pipelines
    webhook_events group groups channel channels
    produkt produkte artikel kategorie kategorien land laender lander abteilung abteilungen rolle rollen einstellung
    einstellungen kurs kurse fach faecher raum raeume lager filiale filialen kostenstelle kostenstellen
    produit produits pays role service services matiere matieres salle salles magasin magasins
    producto productos categoria categorias pais paises rol roles ajuste ajustes curso cursos asignatura asignaturas
    almacen almacenes tienda tiendas departamento departamentos articulo articulos marca marcas
    prodotto prodotti categorie paese paesi ruolo ruoli corso corsi reparto reparti magazzino negozio negozi articoli
    produto produtos armazem loja lojas
    product producten artikelen categorieen rollen afdeling afdelingen winkel winkels vak vakken""")
