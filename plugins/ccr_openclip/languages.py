"""Languages: from BCP-47, which captions are tagged with, to the codes of NLLB's tokenizer (FLORES-200)."""

from __future__ import annotations

from collections.abc import Collection

# Two-letter codes, and three-letter ones that FLORES-200 has under another name or in several scripts.
_TABLE = """
af=afr_Latn am=amh_Ethi ar=arb_Arab as=asm_Beng az=azj_Latn be=bel_Cyrl bg=bul_Cyrl bm=bam_Latn bn=ben_Beng
bo=bod_Tibt bs=bos_Latn ca=cat_Latn cs=ces_Latn cy=cym_Latn da=dan_Latn de=deu_Latn dz=dzo_Tibt ee=ewe_Latn
el=ell_Grek en=eng_Latn eo=epo_Latn es=spa_Latn et=est_Latn eu=eus_Latn fa=pes_Arab ff=fuv_Latn fi=fin_Latn
fil=tgl_Latn fj=fij_Latn fo=fao_Latn fr=fra_Latn ga=gle_Latn gd=gla_Latn gl=glg_Latn gn=grn_Latn gu=guj_Gujr
ha=hau_Latn he=heb_Hebr hi=hin_Deva hr=hrv_Latn ht=hat_Latn hu=hun_Latn hy=hye_Armn id=ind_Latn ig=ibo_Latn
is=isl_Latn it=ita_Latn iw=heb_Hebr ja=jpn_Jpan jv=jav_Latn ka=kat_Geor kg=kon_Latn ki=kik_Latn kk=kaz_Cyrl
km=khm_Khmr kn=kan_Knda ko=kor_Hang ku=kmr_Latn ky=kir_Cyrl lb=ltz_Latn lg=lug_Latn li=lim_Latn ln=lin_Latn
lo=lao_Laoo lt=lit_Latn lv=lvs_Latn mg=plt_Latn mi=mri_Latn mk=mkd_Cyrl ml=mal_Mlym mn=khk_Cyrl mr=mar_Deva
ms=zsm_Latn mt=mlt_Latn my=mya_Mymr nb=nob_Latn ne=npi_Deva nl=nld_Latn nn=nno_Latn no=nob_Latn ny=nya_Latn
oc=oci_Latn om=gaz_Latn or=ory_Orya pa=pan_Guru pl=pol_Latn ps=pbt_Arab pt=por_Latn qu=quy_Latn quz=quy_Latn
rn=run_Latn ro=ron_Latn ru=rus_Cyrl rw=kin_Latn sa=san_Deva sc=srd_Latn sd=snd_Arab sg=sag_Latn si=sin_Sinh
sk=slk_Latn sl=slv_Latn sm=smo_Latn sn=sna_Latn so=som_Latn sq=als_Latn sr=srp_Cyrl ss=ssw_Latn st=sot_Latn
su=sun_Latn sv=swe_Latn sw=swh_Latn ta=tam_Taml te=tel_Telu tg=tgk_Cyrl th=tha_Thai ti=tir_Ethi tk=tuk_Latn
tl=tgl_Latn tn=tsn_Latn tr=tur_Latn ts=tso_Latn tt=tat_Cyrl tw=twi_Latn ug=uig_Arab uk=ukr_Cyrl ur=urd_Arab
uz=uzn_Latn vi=vie_Latn wo=wol_Latn xh=xho_Latn yi=ydd_Hebr yo=yor_Latn yue=yue_Hant zh=zho_Hans zu=zul_Latn
"""
CODES: dict[str, str] = dict(pair.split("=") for pair in _TABLE.split())
TRADITIONAL = {"tw", "hk", "mo"}  # regions that write zh in traditional characters unless the tag says otherwise


def flores_code(lang: str, known: Collection[str]) -> str | None:
    """The code among `known` for a BCP-47 tag ("de", "pt-BR", "zh-Hant", "ace-Arab"), or None where there is none."""
    if lang in known:
        return lang
    primary, *rest = lang.replace("_", "-").lower().split("-")
    script = next((part.title() for part in rest if len(part) == 4 and part.isalpha()), "")
    if primary == "zh" and not script and TRADITIONAL & set(rest):
        script = "Hant"
    code = CODES.get(primary, "")
    if script:
        code = f"{code[:3] or primary}_{script}"
    elif not code:
        written = sorted(name for name in known if name.startswith(f"{primary}_"))
        code = written[0] if len(written) == 1 else ""
    return code if code in known else None
