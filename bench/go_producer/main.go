// A producer as it is usually written in Go: net/http in front of kafka-go, which gathers what
// many requests write for 10 ms. It answers 201 after Kafka has acknowledged the event.
// Environment: ADDRESS host:port to listen on, KAFKA_BOOTSTRAP, TOPIC, KAFKA_USERNAME, KAFKA_PASSWORD.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
)

type event struct {
	Name  string `json:"name"`
	Album string `json:"album"`
	Year  int    `json:"year"`
	Rank  int    `json:"rank"`
}

func main() {
	// the local stack's login; empty for brokers that ask for none
	transport := &kafka.Transport{}
	if user := os.Getenv("KAFKA_USERNAME"); user != "" {
		transport.SASL = plain.Mechanism{Username: user, Password: os.Getenv("KAFKA_PASSWORD")}
	}
	writer := &kafka.Writer{
		Transport:    transport,
		Addr:         kafka.TCP(os.Getenv("KAFKA_BOOTSTRAP")),
		Topic:        os.Getenv("TOPIC"),
		Balancer:     &kafka.RoundRobin{},
		RequiredAcks: kafka.RequireAll,
		BatchTimeout: 10 * time.Millisecond,
	}
	http.HandleFunc("/input", func(w http.ResponseWriter, r *http.Request) {
		var one event
		body, err := io.ReadAll(r.Body)
		if err != nil || json.Unmarshal(body, &one) != nil {
			http.Error(w, "not an event", http.StatusBadRequest)
			return
		}
		value, _ := json.Marshal(one)
		if err := writer.WriteMessages(r.Context(), kafka.Message{Value: value}); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	log.Fatal(http.ListenAndServe(os.Getenv("ADDRESS"), nil))
}
