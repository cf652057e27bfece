module powerspace-connector/bench/receiver

go 1.22
