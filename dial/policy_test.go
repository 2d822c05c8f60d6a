package dial

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPolicy(t *testing.T) {
	tests := []struct {
		policy  string
		permits string
		forbids string
		because string
	}{
		{"any", "127.0.0.1 10.0.0.1 169.254.169.254 ::1 fe80::1%eth0 93.184.215.14", "", "a laptop's origins are its own"},
		{"public", "93.184.215.14 1.1.1.1 168.63.129.17 2606:4700::1 64:ff9b::5db8:d70e 2002:5db8:d70e::1",
			"", "the internet is there for all"},
		{"public", "", "0.0.0.0 0.1.2.3 10.1.2.3 100.64.0.1 100.100.100.200 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 " +
			"192.0.0.192 192.0.2.1 192.168.1.1 198.18.0.1 203.0.113.9 224.0.0.1 240.0.0.1 255.255.255.255 168.63.129.16",
			"private, loopback, link-local, metadata and what nobody is reached at"},
		{"public", "", ":: ::1 fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 100::1 2001:db8::1 2001::1 3fff::1 4000::1 ::127.0.0.1",
			"the same of IPv6"},
		{"public", "", "::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:0:127.0.0.1", "IPv4 written as IPv6 is IPv4"},
		{"public", "", "64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::a00:1 2002:7f00:1::1 2002:a9fe:a9fe::", "a translator would connect to it"},
		{"public,allow:10.1.0.0/16", "10.1.2.3 ::ffff:10.1.2.3 64:ff9b::a01:203 93.184.215.14", "10.2.0.1 64:ff9b::a02:203", "its own network is let in"},
		{"public,allow:10.0.0.0/8,deny:10.1.0.0/16,allow:10.1.1.1", "10.2.0.1 10.1.1.1", "10.1.1.2 10.1.0.1", "the narrowest decides"},
		{"any,deny:169.254.0.0/16,deny:fd00:ec2::254", "127.0.0.1 10.0.0.1 fd00:ec2::253", "169.254.169.254 ::ffff:169.254.1.1 64:ff9b::a9fe:1 fd00:ec2::254", "only some is forbidden"},
		{"any,deny:::ffff:10.0.0.0/104", "11.0.0.1", "10.0.0.1", "a rule may be written as IPv6 too"},
		{"any,deny:10.0.0.0/8,allow:10.0.0.0/8", "", "10.0.0.1", "a denial goes before"},
		{" public , allow:fd00::/8 ", "fd00::1", "fe80::1", "blanks do not matter"},
	}
	for _, tt := range tests {
		t.Run(tt.policy+"/"+tt.because, func(t *testing.T) {
			p, err := ParsePolicy(tt.policy)
			if err != nil {
				t.Fatal(err)
			}
			for want, list := range map[bool]string{true: tt.permits, false: tt.forbids} {
				for text := range strings.FieldsSeq(list) {
					if got := p.Permit(netip.AddrPortFrom(netip.MustParseAddr(text), 80)); got != want {
						t.Errorf("%s: permitted is %t, want %t", text, got, want)
					}
				}
			}
			again, err := ParsePolicy(p.String())
			if err != nil || again.String() != p.String() {
				t.Errorf("%q reads as %v, %v", p, again, err)
			}
			if got, want := p.Open(), tt.policy == "any"; got != want {
				t.Errorf("open is %t, want %t", got, want)
			}
		})
	}
}

func TestPolicyRefused(t *testing.T) {
	for _, text := range []string{"", "private", "public,", "public,10.0.0.0/8", "any,deny:", "any,deny:host.test", "any,allow:10.0.0.0/33", "public allow:10.0.0.0/8"} {
		if p, err := ParsePolicy(text); err == nil {
			t.Errorf("%q: read as %s", text, p)
		}
	}
}
