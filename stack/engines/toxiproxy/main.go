// toxiproxy with its API on a unix socket: whoever may write there decides what happens on every
// link, and the API itself asks nobody who they are. Only the owner of the socket may connect.
package main

import (
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/Shopify/toxiproxy/v2"
)

func main() {
	socket := flag.String("socket", "", "path of the API's unix socket")
	config := flag.String("config", "", "JSON file of the proxies to begin with")
	flag.Parse()
	if err := run(*socket, *config); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\n", err)
		os.Exit(1)
	}
}

func run(socket, config string) error {
	logger := zerolog.New(os.Stdout).Level(zerolog.WarnLevel).With().Timestamp().Logger()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), logger)
	if config != "" {
		server.PopulateConfig(config)
	}
	// what a process that was killed has left
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	syscall.Umask(0o177)
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	api := &http.Server{
		Handler:      server.Routes(),
		ReadTimeout:  15 * time.Second,
		WriteTimeout: 30 * time.Second,
		IdleTimeout:  60 * time.Second,
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		<-signals
		api.Close()
	}()
	if err := api.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}
