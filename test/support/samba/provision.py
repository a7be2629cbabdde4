"""Makes the directory of the practice domain contoso.test in a folder: provision.py FOLDER FIXTURES

Samba's own tool sets access lists on the file system, which needs modules and rights that a container may lack, and
waits for the disk; a directory for tests needs neither. Schema, organisation and accounts are written before the server
ever runs.
"""
import logging
import pathlib
import sys

import samba
from samba import dsdb
from samba.auth import system_session
from samba.param import LoadParm
from samba.provision import provision
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

PASSWORD = "Passw0rd!Admin"
ACCOUNTS = {"migadmin": "Passw0rd!Mig", "reader": "Passw0rd!Read", "expired": "Passw0rd!Old", "disabled": "Passw0rd!Off"}
TARGET_ADDRESS = "f0f8ff9f-1191-11d0-a060-00aa006c33ed"
USER_CLASS = "bf967aba-0de6-11d0-a285-00aa003049e2"
BASE = "DC=contoso,DC=test"


def main(folder, fixtures):
    result = provision(
        logging.getLogger(), system_session(), targetdir=str(folder), realm="CONTOSO.TEST", domain="CONTOSO",
        hostname="dc1", hostip="127.0.0.1", adminpass=PASSWORD, serverrole="active directory domain controller",
        dom_for_fun_level=dsdb.DS_DOMAIN_FUNCTION_2008_R2, dns_backend="NONE", skip_sysvolacl=True, batch_mode=True)
    lp = result.lp
    lp.set("dsdb:schema update allowed", "true")

    def opened():
        return SamDB(url=result.paths.samdb, session_info=system_session(), lp=lp, options=["nosync:1"])

    samdb = opened()
    for name in ("exchange-attributes", "exchange-classes"):
        samdb.modify_ldif((fixtures / f"{name}.ldif").read_text())
        # A database that is opened anew has the schema as it is now.
        samdb = opened()
    for name in ("organisation", "recipients"):
        samdb.modify_ldif((fixtures / f"{name}.ldif").read_text())
    for name, password in ACCOUNTS.items():
        samdb.newuser(name, password, userou="OU=Service", useusernameascn=True)
    samdb.toggle_userAccountFlags("(sAMAccountName=expired)", dsdb.UF_DONT_EXPIRE_PASSWD, on=False)
    samdb.modify_ldif(f"dn: CN=expired,OU=Service,{BASE}\nchangetype: modify\nreplace: pwdLastSet\npwdLastSet: 0\n")
    samdb.disable_account("(sAMAccountName=disabled)")
    delegate(samdb)


def delegate(samdb):
    """migadmin may write targetAddress of the staff's users, and nothing else; a protected account does not inherit it."""
    utils = SDUtils(samdb)
    sid = utils.get_object_sid(f"CN=migadmin,OU=Service,{BASE}")
    utils.dacl_prepend_aces(f"OU=Staff,{BASE}", f"(OA;CIIO;WP;{TARGET_ADDRESS};{USER_CLASS};{sid})")
    utils.dacl_prepend_aces(f"CN=boss,OU=Staff,{BASE}", f"(OD;;WP;{TARGET_ADDRESS};;{sid})")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
