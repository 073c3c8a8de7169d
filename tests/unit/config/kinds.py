"""The built-in kinds, as the catalog maps them."""

from config.steps.approve import Approve
from config.steps.backup_database import BackupDatabase
from config.steps.check_http import CheckHttp
from config.steps.deploy_image import DeployImage
from config.steps.run_container import RunContainer

KINDS = {
    "approve": Approve,
    "backup_database": BackupDatabase,
    "check_http": CheckHttp,
    "deploy_image": DeployImage,
    "run_container": RunContainer,
}

SHOP = """
project: shop
environments: [uat, production]          # the promotion order
images:
  web: registry.example.com/shop/web      # resolved to a digest when the release is created
  mailer: registry.example.com/shop/mailer
variables:
  LOG_LEVEL: info
  DATABASE_URL:
    - {value: postgres://shop@uat-db/shop, environment: uat}
    - {secret: true, environment: production}      # write-only; its value is set through the API
process:
  - id: backup
    uses: backup_database
    hosts: {role: db}
    with: {engine: postgres, container: shop-db, database: shop, keep: 7}
  - id: web
    uses: deploy_image
    hosts: {role: web}
    rollout:
      canary: 1
      gate: {instructions: "Open the canary and place one order", approvers: [release-managers], timeout: 72h}
      batch: 25%
    with:
      image: web
      traffic: {port: 8080, host: shop.example.com}
      env: {LOG_LEVEL: "{{ LOG_LEVEL }}", DATABASE_URL: "{{ DATABASE_URL }}"}
      health: {path: /up}
  - id: mailer
    uses: deploy_image
    hosts: {role: mailer}
    with: {image: mailer}
"""
