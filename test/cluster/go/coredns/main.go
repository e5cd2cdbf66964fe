// CoreDNS with the plugins that a cluster's own names need, and no more.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

// Outermost first: a request passes through the plugins in this order.
var order = []string{"bind", "health", "ready", "errors", "cache", "kubernetes"}

func main() {
	dnsserver.Directives = order
	coremain.Run()
}
