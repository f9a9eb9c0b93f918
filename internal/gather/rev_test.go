package gather
import ("testing";"mailaudit/internal/dnsx";"mailaudit/internal/testnet";"mailaudit/internal/facts";"net/netip";"fmt";"mailaudit/internal/spfnet")
func TestRev(t *testing.T){
 f:=map[dnsx.Question]testnet.DNSFault{{Name:"h.example",Type:dnsx.AAAA}:testnet.DNSServFail}
 g:=asker(t,"h.example. A 11.0.0.1\nm.example. MX 5 h.example.\n"+txt("d.example","v=spf1 a:h.example mx:m.example -all"),f)
 s:=g.walk(facts.SPF{Domain:"d.example"})
 t.Logf("whole %v terms %+v complete %v",s.Whole,s.Root.Terms,spfnet.Authorised(&s.Root).Complete)
 g=asker(t,txt("d.example","v=spf1 ptr -all")+txt("e.example","v=spf1 exists:%{p}.x.example -all"),lost("1.0.0.11.in-addr.arpa"))
 r,w:=g.evaluate(netip.MustParseAddr("11.0.0.1"),"h.example","a@d.example","d.example"); t.Log(r,w)
 r,w=g.evaluate(netip.MustParseAddr("11.0.0.1"),"h.example","a@e.example","e.example"); t.Log(r,w)
 p,_:=policyOf(t,"mail.d.example",at("mail.d.example","v=DMARC1; p=none"),lost("_dmarc.example")); t.Logf("%v",p.Value.Org)
 z:="1.0.0.11.in-addr.arpa. PTR many.example.\n"
 for i:=range 120 {z+=fmt.Sprintf("many.example. A 12.0.0.%d\n",i)}
 g=asker(t,z+"many.example. A 11.0.0.1\n",nil)
 x:=g.reverse(netip.MustParseAddr("11.0.0.1")); t.Log(x.Value.Confirm,x.Value.Why)
 z="many.example. A 11.0.0.1\n"
 for i:=range 12 {z+=fmt.Sprintf("1.0.0.11.in-addr.arpa. PTR n%d.example.\n",i)}
 g=asker(t,z+"1.0.0.11.in-addr.arpa. PTR many.example.\n",nil)
 x=g.reverse(netip.MustParseAddr("11.0.0.1")); t.Log(x.Value.Confirm,x.Value.Why)
}
