from meridian_worker.cli import main

main()
