"""More words for columns and tables: Polish, Czech, the Nordic languages, Turkish, Romanian, Hungarian, and what the
first seven languages of `lexicon.py` lack. The same notation; data, no logic.
"""

from __future__ import annotations

from testdata_assets.masking.discovery.lexicon import words_of

STRONG: dict[str, str] = {
    "email": """poczta_elektroniczna adres_email epost* *epost sahkoposti* eposta e_posta posta_electronica adresa_email
        mail_address mailadr emaily endereco_eletronico indirizzo_pec pec adresse_courriel""",
    "phone": """telefony komorka tel_kom numer_telefonu telefonnummer mobilnummer puhelin* matkapuhelin telefonnr tlfnr
        tlf_nr cep_telefonu telefon_no numar_telefon telefonszam* mobilni telefon_domowy mobiltelefon* recapito
        recapiti recapito_telefonico cell_phone fone telefone* *telefone num_celular zap whatsapp* telefoonnr
        mobielnummer doorkies* poste_telephonique fixe portable* numero_portable phone_ext extension ext_no
        tel_ext extension_tel interno_telefonico ramal interno chiamante chiamato appelant appele llamante
        num_llamante anrufer""",
    "first_name": """imie imiona drugie_imie jmeno krestni_jmeno fornavn* fornamn* tilltalsnamn etunimi ad isim adi
        prenume keresztnev utonev vname roepnamen doopnaam prenom_usuel nome_battesimo given
        prenoms_etat_civil""",
    "last_name": """nazwisko* prijmeni efternavn* efternamn* etternavn* slektsnavn sukunimi soyad soyadi soyisim
        nume_familie vezeteknev csaladnev nname meisjesnaam nom_marital nom_patronymique
        patronymic otchestvo patronimico""",
    "person_name": """imie_i_nazwisko nazwisko_imie cele_jmeno fulde_navn fullt_namn fullstendig_navn
        koko_nimi ad_soyad adsoyad nume_complet teljes_nev odbiorca nadawca wlasciciel posiadacz opiekun
        nome_da_mae nome_pai nombre_madre nombre_padre nome_madre nome_padre nazwisko_panienskie_matki
        voogd melder nabestaande beneficiario
        fiador representante_legal rappresentante_legale legale_rappresentante garante
        ordinante versante debitore creditore embossed_name nome_titolare consignee consignor
        passenger_full_name pax_name signed_by_name witness1 witness2 emergency_person kontaktperson* dlužnik
        kontaktoplysninger signatario firmante ordenante remitente expediteur emetteur mandataire tuteur_legal
        rappresentante parent_contact naam_houder naam_aanvrager erziehungsberechtigte*""",
    "username": """nazwa_uzytkownika uzivatelske_jmeno brugernavn brukernavn anvandarnamn kayttajatunnus kullanici_adi
        nume_utilizator felhasznalonev kennung benutzerkennung userid user_login_name usr_id user_id_text
        operator_id agent_login matricola_operatore sigla_operador""",
    "birth_date": """data_urodzenia datum_narozeni fodselsdato fodselsdag fodelsedatum syntymaaika dogum_tarihi
        data_nasterii szuletesi_datum dt_nasc nasc nato_il geb_am geboren_am geborenam ne_le date_naiss
        died died_on died_at date_died
        naiss fecha_nac fnac date_birth birth_ts rok_urodzenia overlijdensdat data_obito data_decesso
        data_zgonu""",
    "full_address": """adres_zamieszkania adres_zameldowania adres_korespondencyjny bydliste boligadresse
        bostadsadress kotiosoite osoite ikamet adresa adresa_domiciliu lakcim cim home_addr ship_addr
        address_text endereco_completo indirizzo_residenza indirizzo_domicilio domicilio_fiscale recapito_postale
        miejsce_urodzenia misto_narozeni fodested fodelseort dogum_yeri comune_nascita adresse_facture""",
    "street_address": """ulica* numer_domu nr_domu nr_mieszkania ulice gatuadress gateadresse vejnavn katuosoite sokak
        cadde mahalle strada utca hazszam openbare_ruimte numero_casa num_casa num_endereco
        complemento_endereco adresregel* adr_line address_line_one ulica_nr interno_civico
        scala_interno libelle_voie type_voie numero_voie bis_ter via_residenza via_e_numero""",
    "postcode": """kod_pocztowy kodpocztowy psc postnr postnummer postinumero posta_kodu cod_postal iranyitoszam
        pc6 pcode post_cd postal_cd cap_residenza""",
    "city": """miasto miejscowosc mesto obec poststed postort by_navn kaupunki sehir ilce oras localitate varos
        telepules comune_residenza citta_residenza geboorteplaats woonplaatsnaam ciudad_residencia
        ville_naissance lieu_naiss""",
    "national_id": """dowod_osobisty numer_dowodu seria_dowodu nip_osoby rodne_c cpr_nr fodselsnr
        personbeteckning tc_kimlik* kimlik_no cnp_client szemelyi_szam taj_szam bsn_nummer
        sofinr rijksregisternr codice_fisc ine_number ine no_secu_sociale numero_securite
        nss_assure rg_numero doc_identidade identidade registro_geral titulo_eleitor nis_pis pis_pasep
        cns_cartao num_documento_identidad ktn national_no nat_no nat_id known_traveler* redress_number
        known_traveller* ssn* nif_titular social_insurance* sin_number""",
    "passport": """paszport* cestovni_pas passi_numero pasaport_no nr_pasaport utlevel* documentnr mrz pspt*
        num_passaporte nr_paszportu""",
    "driving_licence": """prawo_jazdy ridicsky_prukaz kørekort korekort forerkort korkort ajokortti ehliyet* permis
        jogositvany num_cnh num_registro_cnh rijbewijsnr lic_no_driver licenca_conducao""",
    "licence_plate": """nr_rejestracyjny numer_rejestracyjny spz nummerplade registreringsnummer regnr rekisterinumero
        plaka plaka_no nr_inmatriculare rendszam vrm vrn reg_no_vehicle targa_veicolo placa_veiculo""",
    "iban": """rachunek_iban numer_rachunku_iban""",
    "account_number": """rachunek* nr_rachunku numer_konta numer_rachunku cislo_uctu kontonr bankkonto* tilinumero
        hesap_no cont_bancar szamlaszam numero_da_conta num_conta conta_numero coordonnees_bancaires
        numero_rib conto_numero""",
    "customer_id": """numer_klienta nr_klienta numer_albumu nr_albumu nr_indeksu numer_karty nr_pracownika
        cislo_zakaznika zakaznicke_cislo kundenr kundnummer medlemsnummer asiakasnumero
        musteri_no numar_client ugyfelszam matricule_etudiant numero_etudiant numen prontuario
        matricula_funcional num_matricula carteirinha num_carteirinha carnet carnet_no numero_carnet tessera
        num_tessera carta_fedelta clientnr client_nr clientnummer relatienummer relatienr
        personeelsnr employee_nr lizenznr mitglnr mitgl_nr frequent_flyer_number loyalty_no loyalty_id
        reader_id card_holder_no subscriber_no crm_id num_expediente nr_legitymacji legitymacja numero_socio
        debitornr debitorennummer kundenkennung""",
    "financial": """pensja zarobki dochod* plat mzda lon loenn lonn manadslon palkka maas gelir salariu
        venit fizetes jovedelem renda rendimento_mensal faturamento_pessoal saldo_conta limite_credito
        limite_cartao stundensatz stundenlohn tagessatz hourly_rt hourly_wage day_rate tarifa_hora taux_horaire
        salaire_brut patrimonio spaargeld schulden toeslag*
        bourse montant_bourse serasa* score_credito scoring credit_limit_personal quotient_familial
        retribuzione_lorda stipendio_lordo compenso*""",
    "health": """choroba* rozpoznanie diagnoza leki alergie zdravi nemoc lekarstvo sykdom sjukdom diagnos sairaus
        laakitys hastalik* ilac tani boala betegseg gyogyszer verletzung* verletzungsart injury injuries
        injury_type wound injury_description inj_desc queixa* prescricao* receita_medica sintoma* quejas
        lesion* blessure* infortunio* ferite invalidita_civile legge_104 niepelnosprawnosc handikap*
        funktionsnedsattning
        zwolnienie_lekarskie medical_cert* medische* zorgindicatie hulpvraag klachten_medisch
        wheelchair disability_type pregnancy dietary dieta_alimentare intolleranze arret_maladie disease_code""",
    "demographic": """narodowosc obywatelstwo stan_cywilny wyznanie statni_prislusnost rodinny_stav nasjonalitet
        sivilstand medborgarskap civilstand kansalaisuus uyruk medeni_hal cetatenie stare_civila allampolgarsag
        estado_conyugal burgerl_staat nationaliteit* natl politically_exposed
        pep_flag geloof levensovertuiging raca raca_cor cor_raca etnia orientamento orientacao_sexual religiao
        cittadinanza_cd nazionalita_cd citizenship_code""",
    "gender": """plec pohlavi kjonn kon sukupuoli cinsiyet nem sexo_cliente gender_identity geslachtsaand gndr
        sexe_code""",
    "secret": """haslo* heslo adgangskode passord losenord salasana sifre parola jelszo door_code gate_code entry_code
        alarm_code safe_code access_code pw passwd_hash fcm_token apns_token refresh
        refresh_tok webhook_secret senha* codigo_acesso codice_accesso code_porte codigo_puerta tuercode
        turcode deurcode vpn_psk psk sess session_ref pan_encrypted key_digest hashed_key session_hash
        encrypted_pan cookie_value signature_secret""",
    "device_id": """telematics_serial device_sn tracker_id tracker_serial gps_serial handset_serial modem_serial
        router_serial meter_serial fingerprint_hash dvc_fingerprint dispositivo_id id_dispositivo aparelho_id
        client_id_ga anonymous_id hwid machine_id""",
    "user_agent": """ua_string agente_utente""",
    "ip": """ip_num ip_int ip_number ip_long ip_origen adres_ip ip_klienta client_addr peer_addr remote_address""",
    "biometric": """face_embedding embedding_face zdjecie zdjecie_osoby fotografie ansigt
        podpis imza signature_scan unterschrift_scan firma_scan selfie_url liveness_score""",
    "free_text": """uwaga komentarz* opis* tresc wiadomosc notatka* poznamka* zprava bemaerkning* kommentar*
        anmarkning* huomautus* aciklama not_metni observatii megjegyzes* notitie* verslag* gespreksverslag
        giudizio* osservazione parere motivazione segnalazione avis* appreciation* compte_rendu resume_entretien
        dankschreiben hergang circumstances circonstances occorrenza relato parecer anotacoes historico_atendimento
        rmk rmk_text call_summary bevinding
        circumstance_text hechos relato_hechos""",
    "job_title": """zawod povolani stilling yrke ammatti meslek meserie foglalkozas mestiere""",
    "lat_lon": """szerokosc_geograficzna dlugosc_geograficzna bredde lengde enlem boylam gps_lat gps_lon start_lat
        start_lon start_lng end_lat end_lon end_lng pickup_lat pickup_lng dropoff_lat dropoff_lng""",
}

WEAK: dict[str, str] = {
    "person_name": """navn namn nimi nev nume jmeno osoba klient pacjent pracownik zamestnanec asiakas kunde_navn
        musteri ingevoerd_door utworzyl zatwierdzil inserito_da approvato_da
        direttore kierownik autorka promotor recenzent operador tecnico
        funcionario docente relatore tomador segurado assicurato contraente assure preneur garant caution
        auteur_principal reader borrower claimant claimant_name respondent""",
    "demographic": """natio citizenship_cd""",
    "device_id": """imei_no serial_no_modem srl_no""",
    "username": """uzytkownik uzivatel bruker bruger anvandare kullanici utente_login operatore login_sap""",
}

PERSON_TABLES = words_of(
    """klienci klient osoby osoba pracownicy pracownik pacjenci pacjent studenci czytelnicy uzytkownicy zakaznici
    zamestnanci pacienti kunder brukere ansatte medlemmer medarbejdere patienter anvandare anstallda asiakkaat
    henkilot potilaat tyontekijat musteriler kullanicilar calisanlar hastalar clienti angajati pacienti utilizatori
    ugyfelek dolgozok ingezetene ingezetenen burger client cliente alunni alunno dipendenti docenti professeurs
    professeur enseignants chercheurs requester requesters requestor requestors crew pilot pilots leads prospect
    prospects beneficiaires titulaires titolari titulares colaboradores colaborador correntistas segurados devedores
    trainer spieler sportler versicherte insured insureds claimant claimants policyholder policyholders ouvriers
    caregiver caregivers volunteer volunteers vrijwilligers deelnemers deelnemer cust customer emp"""
)
