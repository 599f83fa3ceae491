// metrics-server, which the autoscaler and `kubectl top` ask for the use of pods.
package main

import (
	"os"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"sigs.k8s.io/metrics-server/cmd/metrics-server/app"
)

func main() {
	stop := genericapiserver.SetupSignalHandler()
	os.Exit(cli.Run(app.NewMetricsServerCommand(stop)))
}
