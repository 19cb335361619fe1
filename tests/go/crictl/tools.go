//go:build tools

// Package tools pins the version of crictl that the tests drive Izolo with.
package tools

import _ "sigs.k8s.io/cri-tools/cmd/crictl"
