-- What is said once about an order or an account, although a service that republishes its state announces it again, as another event.
create unique index notifications_once on notifications (subject_id, template)
  where template in ('welcome', 'order-confirmation', 'payment-failed');
