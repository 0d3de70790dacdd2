package passkey

import (
	"encoding/hex"

	"github.com/sekisho-id/sekisho/mfa"
)

// makes are the names of common makes of authenticators, for people's eyes
// only: an AAGUID proves nothing. The list of all is public and long; these are
// the ones that marketplace people meet.
var makes = map[string]string{
	"08987058-cadc-4b81-b6e1-30de50dcbe96": "Windows Hello",
	"0a357157-9b18-4c8a-920e-d156e972b2f8": "YubiKey",
	"0ea242b4-43c4-4a1b-8b17-dd6d0b6baec6": "Keeper",
	"2fc0579f-8113-47ea-b116-bb5a8db9202a": "YubiKey",
	"50726f74-6f6e-5061-7373-50726f746f6e": "Proton Pass",
	"531126d6-e717-415c-9320-3d9aa6981239": "Dashlane",
	"53414d53-554e-4700-0000-000000000000": "Samsung Pass",
	"6028b017-b1d4-4c02-b4b3-afcdafc96bb2": "Windows Hello",
	"73bb0cd4-e502-49b8-9c6f-b59445bf720b": "YubiKey",
	"771b48fd-d3d4-4f74-9232-fc157ab0507a": "Edge",
	"9ddd1817-af5a-4672-a2b9-3e3dd95000a9": "Windows Hello",
	"adce0002-35bc-c60a-648b-0b25f1f05503": "Chrome",
	"b84e4048-15dc-4dd0-8640-f4f60813c8af": "NordPass",
	"bada5566-a7aa-401f-bd96-45619a55120d": "1Password",
	"d3452668-01fd-4c12-926c-83a4204853aa": "Microsoft Password Manager",
	"d548826e-79b4-db40-a3d8-11116f7e8349": "Bitwarden",
	"dd4ec289-e01d-41c9-bb89-70fa845d4bf2": "iCloud Keychain",
	"ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4": "Google Password Manager",
	"ee041bce-25e5-4cdb-8f86-897fd6418464": "Feitian",
	"f3809540-7f14-49c1-a8b3-8f813b225541": "Enpass",
	"fa2b99dc-9e39-4257-8f92-4a30d23c4118": "YubiKey",
	"fbfc3007-154e-4ecc-8c0b-6e020557d7bd": "iCloud Keychain",
}

// Make is what the make of a passkey is called; empty when it is not known.
func Make(k mfa.Passkey) string { return makes[k.AAGUID] }

// aaguid writes an AAGUID as it is usually written; all zeros say nothing.
func aaguid(raw []byte) string {
	if len(raw) != 16 || [16]byte(raw) == [16]byte{} {
		return ""
	}
	h := hex.EncodeToString(raw)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
